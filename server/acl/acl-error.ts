/** A rule about users that cannot be; the words say what is wrong with it. */
export class AclError extends Error {
  override readonly name = "AclError";
}

export const unknownCommand = new AclError("Unknown command or category name in ACL");
export const syntaxError = new AclError("Syntax error");
