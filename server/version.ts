/** Which version of Redis this store answers as, and writes files for. */
export const storeVersion = "7.0.15";
