/*
 * image_fuzz.c - any bytes as an image: superblock, tables, blocks as they stand
 *
 * See image_tour.h for what is demanded, and image_parts_fuzz.c for what lies
 * behind lengths and compression.
 */
#include "runtime/image_tour.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return image_tour(data, size);
}
