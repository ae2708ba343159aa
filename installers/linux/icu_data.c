/* An empty package of ICU data, which stands in for the 32 MB that PyQt6 brings.
 *
 * Qt asks ICU for collation, time zones' names and old encodings, none of which the program uses; without data it falls
 * back to its own. ICU foresees such a package: its sources build one themselves ("stubdata"). The layout is that of
 * `UDataInfo` and of a table of contents of type "ToCP" with no entries (ICU, common/ucmndata.h and unicode/udata.h).
 */
#include <stdint.h>

struct package {
    uint16_t header_bytes;
    uint8_t magic[2];
    uint16_t info_bytes, reserved_word;
    uint8_t is_big_endian, charset_family, char_bytes, reserved_byte;
    uint8_t data_format[4], format_version[4], data_version[4];
    uint8_t padding[8];
    uint32_t entries, reserved;
};

__attribute__((visibility("default"), aligned(16))) const struct package ENTRY = {
    .header_bytes = 32,
    .magic = {0xda, 0x27},
    .info_bytes = 20,
    .is_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__,
    .char_bytes = 2,
    .data_format = {'T', 'o', 'C', 'P'},
    .format_version = {1},
};
