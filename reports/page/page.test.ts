/** The page as people open it: a file, in a real browser. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { openBrowser, watched } from "../../tests/browser.ts";
import { sampleComparison } from "../../tests/sample-comparison.ts";
import { sampleDetail, sampleRunDetail } from "../../tests/sample-detail.ts";
import { sampleFinding, sampleOutcome, sampleReport, sampleRun, violatedRun } from "../../tests/sample-outcome.ts";
import { html } from "../html.ts";
import { nightOf } from "../nights.ts";
import type { Run } from "../outcome.ts";
import { plain, type Report } from "../reporter.ts";
import { comparisonPage } from "./comparison-page.ts";
import { renderPage } from "./page.ts";

const hostile = `</script><script>window.owned = 1</script><img src=x onerror="window.owned = 1"><!--"'&\u2028`;

describe("the page", function () {
  this.timeout(60_000);
  let browser: Browser | undefined;
  let folder = "";

  before(async function () {
    browser = await openBrowser(this);
    folder = mkdtempSync(path.join(tmpdir(), "lossbound-page-"));
  });

  after(async () => {
    // Neither is there when the tests were skipped for want of a browser.
    await browser?.close();
    if (folder !== "") rmSync(folder, { recursive: true });
  });

  const rich = (): Report =>
    sampleReport(sampleOutcome([sampleRun(), violatedRun()]), {
      detail: sampleDetail([sampleRunDetail(240), sampleRunDetail(12, { preset: "always" })]),
      expectations: [
        {
          met: false,
          of: { scenario: "kill/random", preset: "always", target: "bundled" },
          wanted: "recoveryMsMax 100",
          found: "120 ms",
        },
      ],
    });

  /** Opens the report in a page of its own; what it did wrong must be nothing when `look` is done. */
  async function opened(
    report: Report,
    look: (page: Page) => Promise<void>,
    options: BrowserContextOptions = { viewport: { width: 1_280, height: 900 } },
  ): Promise<void> {
    const file = path.join(folder, "report.html");
    writeFileSync(file, html.render(report, plain));
    const context = await running(browser).newContext(options);
    try {
      const page = await context.newPage();
      const { trouble } = watched(page);
      await page.goto(`file://${file}`);
      await page.locator("h1").waitFor();
      await look(page);
      expect(trouble).to.deep.equal([]);
    } finally {
      await context.close();
    }
  }

  it("says from top to bottom what one asks in the morning", () =>
    opened(rich(), async (page) => {
      expect(await page.locator("h1").innerText()).to.match(/Violated$/);
      expect(await page.locator("h2").allInnerTexts()).to.deep.equal([
        "Promise against measurement",
        "How much was lost",
        "Crash map",
        "Timeline",
        "Findings",
        "What the crashes fell into",
        "Recovery",
        "Environment",
      ]);
      expect(await page.locator(".sentence").innerText()).to.equal("A promise was broken in kill/random with always.");
      expect(await page.locator("#promises").innerText()).to.contain("at most 105 ms, measured 0 ms");
      expect(await page.locator(".expectations").innerText()).to.contain("recoveryMsMax 100, 120 ms");
      // Charts are drawn once the text stands: waited for, not looked for.
      await page.locator(".chart svg").nth(2).waitFor();
      await page.locator(".timeline canvas").waitFor();
    }));

  it("says of a power cut when acked calls were safe, and how likely a random one is to hit a finding", () => {
    const durability = {
      ...{ measured: 3_012, notMeasured: 0, neverSynced: 70, neverFolderSynced: 0 },
      ackedToSyncedMs: { median: 510, p99: 1_000, max: 1_020 },
    };
    const findings = [sampleFinding({ exposureMs: 37, exposureShare: 0.0123 })];
    const run = { ...violatedRun(), durability, findings };
    return opened(sampleReport(sampleOutcome([run])), async (page) => {
      expect(await page.locator("#environment").innerText()).to.contain(
        "510 ms median, 1.02 s at most, of 3,012 calls",
      );
      expect(await page.locator("#findings").textContent()).to.contain("with a chance of 1.3 %");
    });
  });

  for (const colorScheme of ["light", "dark"] as const) {
    it(`fits on a phone without scrolling sideways, ${colorScheme}`, () =>
      opened(
        rich(),
        async (page) => {
          // In the page, not here: its own widths.
          const width = await page.evaluate("document.documentElement.scrollWidth");
          expect(width).to.equal(390);
        },
        { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme },
      ));
  }

  it("opens the crash state of a cell that is clicked, with what it broke", () =>
    opened(rich(), async (page) => {
      const row = page.locator(".map").first().locator(".row svg").nth(1);
      const box = await row.boundingBox();
      await row.click({ position: { x: (box?.width ?? 0) * 0.62, y: 10 } });
      await stateThatSays(page, "violated strict, 1 crash point, at 1.23 s, journal 148: write appendonlydir/");
      await stateThatSays(page, "At worst 31 acked calls lost, the oldest 1.4 s old.");
    }));

  it("lets the map be read with the keyboard alone", () =>
    opened(rich(), async (page) => {
      const map = page.locator(".rows").first();
      await map.focus();
      await page.keyboard.press("ArrowRight");
      await stateThatSays(page, "held ordered, 1 crash point, at 0 ms, journal 0");
      await page.keyboard.press("v");
      await stateThatSays(page, "violated strict");
      await page.keyboard.press("ArrowUp");
      await stateThatSays(page, "held ordered");
    }));

  it("leads from a crash state to its finding", () =>
    opened(
      sampleReport(sampleOutcome([violatedRun()]), {
        detail: sampleDetail([sampleRunDetail(240, { preset: "always" })]),
      }),
      async (page) => {
        await page.locator(".rows").focus();
        await page.keyboard.press("v");
        await page.locator(".state a").click();
        await page.locator(".finding:target h3", { hasText: "loss-beyond-bound" }).waitFor();
      },
    ));

  it("copies the command that shows a finding again", () =>
    opened(
      rich(),
      async (page) => {
        await page.locator(".command button").click();
        await page.locator(".command button", { hasText: "copied" }).waitFor();
        expect(await page.evaluate("navigator.clipboard.readText()")).to.equal(sampleFinding().replay);
      },
      { permissions: ["clipboard-read", "clipboard-write"] },
    ));

  it("shows the timeline in words too, and another one when it is chosen", () =>
    opened(rich(), async (page) => {
      await page.locator("#timeline summary").click();
      await page.locator("#timeline tbody tr").nth(200).waitFor();
      await page.locator("#timeline select").selectOption({ index: 1 });
      await page.locator("#timeline canvas").waitFor();
    }));

  it("shows what strangers named as it is, and obeys none of it", () => {
    const finding = sampleFinding({
      message: `message ${hostile}`,
      replay: `lossbound replay ${hostile}`,
      evidence: {
        calls: [{ id: 1, client: 0, request: hostile, sentMs: 1, repliedMs: 2, reply: hostile, fate: "lost" }],
        keys: [{ database: 0, key: hostile, expected: hostile, recovered: hostile }],
        laws: [hostile],
        storeLog: [hostile],
      },
    });
    const detail = sampleRunDetail(4, { preset: hostile });
    const [timeline] = detail.timelines;
    for (const { calls } of timeline?.clients ?? []) for (const call of calls) call.request = hostile;
    for (const { cells } of detail.crashMap) for (const cell of cells) cell.path = hostile;
    const report = sampleReport(
      sampleOutcome([violatedRun({ preset: hostile, findings: [finding] })], { seed: hostile }),
      { detail: sampleDetail([detail]) },
    );
    return opened(report, async (page) => {
      await page.locator(".rows").focus();
      await page.keyboard.press("ArrowRight");
      for (const summary of await page.locator("summary").all()) await summary.click();
      expect(await page.evaluate("window.owned")).to.equal(undefined);
      expect(await page.locator("img").count()).to.equal(0);
      expect(await page.locator("script").count(), "the data and the app").to.equal(2);
      const text = (await page.locator("body").textContent()) ?? "";
      expect(text.split(hostile).length).to.be.greaterThan(20);
    });
  });

  it("would not run a script that got in all the same: the policy in its head knows only its own", async () => {
    const file = path.join(folder, "injected.html");
    writeFileSync(file, html.render(rich(), plain).replace("<body>", "<body><script>window.owned = 1</script>"));
    const page = await running(browser).newPage();
    await page.goto(`file://${file}`);
    await page.locator("h1").waitFor();
    expect(await page.evaluate("window.owned")).to.equal(undefined);
    await page.close();
  });

  it("holds 100,000 crash states, counts all of them, and stays under 5 MB", async () => {
    const detail = sampleDetail([sampleRunDetail(50_000)]);
    const report = sampleReport(sampleOutcome(), { detail });
    await opened(report, async (page) => {
      expect(statSync(path.join(folder, "report.html")).size).to.be.lessThan(5 * 1024 ** 2);
      const label = await page.locator(".rows").getAttribute("aria-label");
      const [, held, violated] = /: (\d+) states held, (\d+) violated, /.exec(label ?? "") ?? [];
      const cells = detail.runs.flatMap(({ crashMap }) => crashMap.flatMap((row) => row.cells));
      const sum = (of: "held" | "violated") => cells.reduce((total, cell) => total + cell[of], 0);
      expect([Number(held), Number(violated)]).to.deep.equal([sum("held"), sum("violated")]);
      expect(cells).to.have.length(100_000);
      const drawnMs = await page.evaluate("performance.now()");
      console.log(`      100,000 crash states: drawn ${Math.round(Number(drawnMs))} ms after the page was asked for`);
    });
  });

  it("shows this night beside those before it: what is new and resolved, the rate, the time to the first of it", () => {
    const nightOn = (day: number, run: Run, violated: number) => {
      const outcome = sampleOutcome([run], { startedAt: `2026-11-2${day}T02:00:00.000Z`, verdict: run.verdict });
      const trials = { cycles: 40, cyclesViolated: violated, detectedMs: violated > 0 ? 2_500 : null };
      return nightOf(outcome, "smoke", "o.json", [trials]);
    };
    const gone = violatedRun({ findings: [sampleFinding({ fingerprint: "hole-77" })] });
    const nights = [nightOn(0, gone, 4), nightOn(1, violatedRun(), 1)];
    const report = { ...sampleReport(sampleOutcome([violatedRun()])), nights };
    return opened(report, async (page) => {
      const section = page.locator("#nights");
      expect(await section.locator("tbody").first().locator("tr").allInnerTexts()).to.have.length(2);
      expect(await section.innerText())
        .to.match(/new\s+loss-beyond-bound\S+/)
        .and.to.match(/resolved\s+hole-77/);
      expect(await section.innerText())
        .to.contain("1, 2.5 %")
        .and.to.contain("2.5 s");
      await section.locator(".chart svg").nth(1).waitFor();
      await section.locator("a").first().click();
      await page.locator(".finding:target").waitFor();
    });
  });

  it("shows presets side by side, each in the frontier where it was measured", async () => {
    const file = path.join(folder, "comparison.html");
    writeFileSync(file, comparisonPage(sampleComparison()));
    const page = await running(browser).newPage();
    const { trouble } = watched(page);
    await page.goto(`file://${file}`);
    await page.locator(".chart svg").nth(1).waitFor();
    const labels = await page.locator(".chart").evaluateAll((charts) => charts.map((chart) => chart.ariaLabel));
    expect(labels[0]).to.contain("everysec: 9000 calls a second, worst loss 980 ms").and.to.not.contain("rdb-only");
    expect(labels[1]).to.contain("rdb-only: 11000 calls a second, worst loss 1.3 s");
    expect(await page.locator("table").innerText()).to.contain("not measured: there is no /dev/fuse");
    expect(trouble).to.deep.equal([]);
    await page.close();
  });

  it("is refused when its template has no place for the data, rather than written empty", () => {
    const data = { runs: [] } as unknown as Parameters<typeof renderPage>[0];
    expect(() => renderPage(data, "<html></html>")).to.throw("the page's template is damaged");
  });
});

function running(browser: Browser | undefined): Browser {
  if (browser === undefined) throw new Error("there is no browser");
  return browser;
}

/** Waits for the crash state that was chosen. */
async function stateThatSays(page: Page, text: string): Promise<void> {
  await page.locator(".state", { hasText: text }).waitFor();
}
