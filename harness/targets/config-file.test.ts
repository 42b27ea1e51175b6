import { expect } from "chai";
import { configText, lastValue } from "./config-file.ts";

describe("a config file", () => {
  it("holds a directive a line, in order, with every save point", () => {
    const text = configText([
      ["save", "900", "1"],
      ["save", "300", "10"],
      ["appendonly", "yes"],
    ]);
    expect(text).to.equal("save 900 1\nsave 300 10\nappendonly yes\n");
  });

  it("quotes what the store would otherwise split, cut off or read as a comment", () => {
    const text = configText([
      ["save", ""],
      ["dir", '/tmp/a "b"\\c'],
      ["requirepass", "#\u00e9\n"],
    ]);
    expect(text).to.equal('save ""\ndir "/tmp/a \\"b\\"\\\\c"\nrequirepass "#\\xc3\\xa9\\x0a"\n');
  });

  it("counts the last value of a directive, whatever its case", () => {
    expect(
      lastValue(
        [
          ["appendonly", "no"],
          ["AppendOnly", "yes"],
        ],
        "appendonly",
      ),
    ).to.equal("yes");
    expect(lastValue([], "appendonly")).to.equal(undefined);
  });
});
