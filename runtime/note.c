/*
 * note.c - the constant ELF note that names a file as a holdall stub
 *
 * A section whose name begins with ".note" becomes SHT_NOTE, which linkers put
 * right behind the program headers and never drop as unused; strip keeps it
 * because it is loaded.  So it lies at a small, constant offset in the file
 * (LAYOUT_NOTE_OFFSET; a change of the linker or of the number of program
 * headers would move it, which the test of the built stub notices).
 *
 * bundle.c compares files with this object, so any program that reads bundles
 * also links it.  MIME magic: bytes 12..19 of it are "holdall\0".
 */
#include "runtime/layout.h"

__attribute__((used, section(".note.holdall"), aligned(4)))
const struct layout_note layout_note = {
	.name_size = sizeof(LAYOUT_NOTE_NAME),
	.desc_size = sizeof(uint32_t),
	.type = LAYOUT_NOTE_TYPE,
	.name = LAYOUT_NOTE_NAME,
	.version = LAYOUT_NOTE_VERSION,
};

_Static_assert(sizeof(struct layout_note) == 24, "no padding in a note");
