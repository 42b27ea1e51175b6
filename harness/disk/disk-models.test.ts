import { expect } from "chai";
import { diskModelNames, grades } from "../../scenarios/power-cut.ts";
import { diskModels } from "./disk-models.ts";

describe("the disk models", () => {
  it("are those that a scenario can name, with the same grades", () => {
    expect(diskModels.map(({ name }) => name)).to.deep.equal(diskModelNames);
    expect(new Set(diskModels.map(({ grade }) => grade))).to.deep.equal(new Set(grades));
  });
});
