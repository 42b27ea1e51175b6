/** Which store this is. */

/** The Redis as which it answers, and for which it writes files: clients look here to know what a server can do. */
export const redisVersion = "7.0.15";

/** Its own; a test keeps it equal to package.json. */
export const lossboundVersion = "0.1.0";
