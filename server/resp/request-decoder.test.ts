import { expect } from "chai";
import { ProtocolError, RequestDecoder } from "./request-decoder.ts";

/** What a decoder gives for bytes that arrive in pieces of so many. */
function decoded(text: string, pieceBytes = text.length): string[][] {
  const decoder = new RequestDecoder();
  const requests: string[][] = [];
  for (let at = 0; at < text.length; at += pieceBytes) {
    // A fresh piece each time, overwritten afterwards: what is kept must have been copied.
    const piece = Buffer.from(text.slice(at, at + pieceBytes), "latin1");
    decoder.feed(piece);
    for (let request = decoder.next(); request !== undefined; request = decoder.next()) requests.push(request);
    decoder.release();
    piece.fill("?");
  }
  return requests;
}

function complaint(text: string): string {
  try {
    decoded(text);
  } catch (error) {
    if (error instanceof ProtocolError) return error.message;
    throw error;
  }
  return "none";
}

const long = "0123456789".repeat(10_000);
const stream =
  "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nv\r\n\0\xff\r\n" + // line ends and any byte inside an argument
  "PING\r\n\r\n*0\r\n" + // inline, an empty line, an empty request
  "*2\r\n$3\r\nGET\r\n$0\r\n\r\n" +
  'set "a b" c\r\n' +
  `*2\r\n$4\r\nECHO\r\n$${long.length}\r\n${long}\r\n` +
  `*20\r\n${"$3\r\nabc\r\n".repeat(20)}`;
const expected = [
  ["SET", "k", "v\r\n\0\xff"],
  ["PING"],
  ["GET", ""],
  ["set", "a b", "c"],
  ["ECHO", long],
  Array.from({ length: 20 }, () => "abc"),
];

describe("the request decoder", () => {
  it("asks whoever keeps keys for a first argument that is neither short nor long, and for nothing else", () => {
    const asked: string[] = [];
    const keys = {
      word(bytes: Buffer, from: number, to: number): string {
        const word = bytes.toString("latin1", from, to);
        asked.push(word);
        return word;
      },
    };
    const decoder = new RequestDecoder();
    const requests = [
      ["SET", "a key of some length", "a value of some length"],
      ["GET", "short"],
      ["GET", "k".repeat(65)],
    ];
    const bulk = (word: string) => `$${word.length}\r\n${word}\r\n`;
    decoder.feed(Buffer.from(requests.map((words) => `*${words.length}\r\n${words.map(bulk).join("")}`).join("")));
    for (const request of requests) expect(decoder.next(keys)).to.deep.equal(request);
    expect(asked).to.deep.equal(["a key of some length"]);
  });

  it("gives the same requests however the stream was cut into pieces", () => {
    expect(decoded(stream)).to.deep.equal(expected);
    for (const pieceBytes of [7, 100, 4096]) expect(decoded(stream, pieceBytes)).to.deep.equal(expected);
    const short = stream.replaceAll(long, "0123").replace(`$${long.length}`, "$4");
    const shortExpected = expected.map((request) => request.map((arg) => arg.replace(long, "0123")));
    for (let pieceBytes = 1; pieceBytes < short.length; pieceBytes++) {
      expect(decoded(short, pieceBytes), `pieces of ${pieceBytes}`).to.deep.equal(shortExpected);
    }
  });

  it("tells short words apart that differ in one byte, and keeps none by mistake", () => {
    const words = Array.from({ length: 256 }, (_, byte) => [
      `k${String.fromCharCode(byte)}`,
      String.fromCharCode(byte),
    ]);
    const text = words.map(([first, second]) => `*2\r\n$2\r\n${first}\r\n$1\r\n${second}\r\n`).join("");
    expect(decoded(text + text)).to.deep.equal([...words, ...words]);
  });

  it("says what is wrong with a stream that is not the protocol", () => {
    expect(complaint("*abc\r\n")).to.equal("invalid multibulk length");
    expect(complaint("*3000000000\r\n")).to.equal("invalid multibulk length");
    expect(complaint("*1\r\n+OK\r\n")).to.equal("expected '$', got '+'");
    expect(complaint("*1\r\n$-5\r\n")).to.equal("invalid bulk length");
    expect(complaint("*1\r\n$x\r\n")).to.equal("invalid bulk length");
    expect(complaint('set "a\r\n')).to.equal("unbalanced quotes in request");
    expect(complaint("x".repeat(70_000))).to.equal("too big inline request");
  });

  it("refuses 600 MB on their announcement, before they are sent", () => {
    expect(complaint("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$629145600\r\n")).to.equal("invalid bulk length");
  });

  it("takes no memory for arguments that are only announced", () => {
    const decoder = new RequestDecoder();
    decoder.feed(Buffer.from("*2000000000\r\n$1\r\na\r\n"));
    expect(decoder.next()).to.equal(undefined);
    expect(decoder.pendingBytes).to.be.below(100);
  });
});
