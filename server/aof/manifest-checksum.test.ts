import { expect } from "chai";
import { Manifest, ManifestError } from "./manifest.ts";
import { verifyManifest, withChecksum } from "./manifest-checksum.ts";

const text = "file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.4.incr.aof seq 4 type i\n";

describe("a manifest with a checksum", () => {
  it("is a manifest for whoever knows nothing of it", () => {
    expect(Manifest.parse(withChecksum(text)).format()).to.equal(text);
    verifyManifest(withChecksum(text));
    verifyManifest(text);
  });

  it("does not load with a bit turned over, whichever it is, unless that says nothing", () => {
    const whole = withChecksum(text);
    for (let at = 0; at < whole.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const rotten =
          whole.slice(0, at) + String.fromCharCode(whole.charCodeAt(at) ^ (1 << bit)) + whole.slice(at + 1);
        let parts = "";
        try {
          verifyManifest(rotten);
          parts = Manifest.parse(rotten).format();
        } catch (error) {
          if (!(error instanceof ManifestError)) throw error;
          continue;
        }
        expect(parts, `bit ${bit} of byte ${at}`).to.equal(text);
      }
    }
  });

  it("says what to do when it was changed by hand", () => {
    const changed = withChecksum(text).replace("incr.aof seq 4", "incr.aof seq 5");
    expect(() => verifyManifest(changed)).to.throw(ManifestError, "remove the line that begins with #LB1");
    expect(() => verifyManifest(`${withChecksum(text)}file a seq 5 type i\n`)).to.throw(ManifestError);
  });
});
