/* What Pillow calls of libtiff and OpenJPEG when it is imported; the rest of them is never called (freeze.sh). */
const char *TIFFGetVersion(void) { return "LIBTIFF, Version 0\n"; }
const char *opj_version(void) { return "0"; }
