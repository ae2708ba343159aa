/* What Qt calls of ICU without an object of it (unicode/ustring.h, ucol.h, ucal.h and ucnv.h of ICU).
 *
 * Qt asks ICU for collation, names of time zones, letter cases of some languages and old encodings, none of which the
 * program uses. Where ICU reports an error, Qt falls back to its own. No object can be opened, so all other functions
 * are never called with one (freeze.sh). Each name ends with the version of ICU.
 */
#include <stddef.h>
#include <stdint.h>

#define JOINED(name, version) name##_##version
#define EXPANDED(name, version) JOINED(name, version)
#define ICU(name) EXPANDED(name, VERSION)

typedef int32_t Status;
enum { UNSUPPORTED = 16 /* U_UNSUPPORTED_ERROR */ };

int32_t ICU(u_strToLower)(uint16_t *to, int32_t capacity, const uint16_t *from, int32_t size, const char *locale,
                          Status *status)
{
    (void)to, (void)capacity, (void)from, (void)size, (void)locale;
    *status = UNSUPPORTED;
    return 0;
}

int32_t ICU(u_strToUpper)(uint16_t *to, int32_t capacity, const uint16_t *from, int32_t size, const char *locale,
                          Status *status)
{
    return ICU(u_strToLower)(to, capacity, from, size, locale, status);
}

void *ICU(ucol_open)(const char *locale, Status *status)
{
    (void)locale;
    *status = UNSUPPORTED;
    return NULL;
}

void *ICU(ucal_open)(const uint16_t *zone, int32_t size, const char *locale, int kind, Status *status)
{
    (void)zone, (void)size, (void)kind;
    return ICU(ucol_open)(locale, status);
}

int32_t ICU(ucal_getCanonicalTimeZoneID)(const uint16_t *zone, int32_t size, uint16_t *to, int32_t capacity,
                                         int8_t *is_system_zone, Status *status)
{
    (void)is_system_zone;
    return ICU(u_strToLower)(to, capacity, zone, size, NULL, status);
}

void *ICU(ucnv_open)(const char *encoding, Status *status)
{
    return ICU(ucol_open)(encoding, status);
}

const char *ICU(ucnv_getStandardName)(const char *encoding, const char *standard, Status *status)
{
    (void)standard;
    return ICU(ucol_open)(encoding, status);
}

int32_t ICU(ucnv_countAvailable)(void)
{
    return 0;
}

const char *ICU(ucnv_getAvailableName)(int32_t number)
{
    (void)number;
    return NULL;
}
