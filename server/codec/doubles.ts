/**
 * Doubles as texts, the way C's printf and strtod have them: scores in replies, logs and listpacks look so.
 */

const plainNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const infinity = /^([+-]?)inf(?:inity)?$/i;
const hexNumber = /^([+-]?)0x([0-9a-f]*)(?:\.([0-9a-f]*))?(?:p([+-]?\d+))?$/i;
/** A digit other than zero before any exponent: the number meant is not zero. */
const meansNonZero = /^[^eEpP]*[1-9]/;

/** Seventeen significant digits, trailing zeros dropped: printf's `%.17g`. */
export function formatDouble(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? "-0" : String(value);
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const [mantissa, exponentText] = toSeventeenDigits(value).split("e") as [string, string];
  const sign = value < 0 ? "-" : "";
  const digits = mantissa.replace(/[-.]/g, "").replace(/0+$/, "");
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 17) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return digits.length > exponent + 1 ? `${sign}${whole}.${digits.slice(exponent + 1)}` : `${sign}${whole}`;
}

/** JavaScript rounds up what lies exactly between two; C takes the even one. */
function toSeventeenDigits(value: number): string {
  const rounded = value.toExponential(16);
  const longer = value.toExponential(17);
  const mark = longer.indexOf("e");
  if (longer[mark - 1] !== "5") return rounded;
  const exactly = value.toExponential(60);
  const isTie = /^0+$/.test(exactly.slice(mark, exactly.indexOf("e")));
  const lastDigitIsEven = Number(longer[mark - 2]) % 2 === 0;
  return isTie && lastDigitIsEven ? longer.slice(0, mark - 1) + longer.slice(mark) : rounded;
}

/** As scores inside of listpacks look: whole numbers up to 2^62 are written out. */
export function formatPackedDouble(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) <= 2 ** 62 && !Number.isSafeInteger(value)) {
    return BigInt(value).toString();
  }
  return formatDouble(value);
}

/** What strtod makes of the whole text; undefined for what is no number, for NaN, and for what no double can hold. */
export function parseDouble(text: string): number | undefined {
  const value = strtod(text);
  if (value === undefined || infinity.test(text)) return value;
  if (!Number.isFinite(value)) return undefined;
  return value === 0 && meansNonZero.test(text) ? undefined : value;
}

/** The same, but what is too large for a double is infinite, and what is too small is 0. */
export function strtod(text: string): number | undefined {
  if (plainNumber.test(text)) return Number(text);
  const infinite = infinity.exec(text);
  if (infinite !== null) return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const hex = hexNumber.exec(text);
  if (hex === null) return undefined;
  const [, sign, whole = "", fraction = "", power = "0"] = hex;
  if (whole.length + fraction.length === 0) return undefined;
  const value = Number(`0x${whole}${fraction}`) * 2 ** (Number(power) - 4 * fraction.length);
  return sign === "-" ? -value : value;
}
