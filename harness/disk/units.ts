/** In which units a disk and the kernel in front of it deal. */

/** What a disk writes whole, as far as anybody promises. */
export const sectorBytes = 512;

/** What the kernel keeps in memory, marks dirty and writes back. */
export const pageBytes = 4096;
