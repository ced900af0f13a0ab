/*
 * image_parts_fuzz.c - inodes, listings, fragments and blocks of an image
 *
 * The input is decoded parts (image_parts.h); the image made of it is whole but for
 * what they say, so that every change reaches the code that interprets it.  The
 * mutator changes single fields to numbers at which readers go wrong, and else leaves
 * the work to libFuzzer, in one of the parts at a time.
 */
#include "runtime/image_parts.h"
#include "runtime/image_tour.h"

#define IMAGE_SIZE (256u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
	__attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t image[IMAGE_SIZE];
	static ZSTD_CCtx *zstd;
	uint8_t *exact;
	size_t n;

	if (!zstd)
		zstd = ZSTD_createCCtx();
	n = image_parts_make(data, size, image, sizeof(image), zstd);
	/* Of exactly this size: the sanitizer sees the first byte beyond. */
	exact = malloc(n ? n : 1);
	if (!exact)
		return 0;
	memcpy(exact, image, n);
	(void)image_tour(exact, n);
	free(exact);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed)
{
	uint32_t state = seed | 1;
	unsigned n = 1 + parts_random(&state) % 4;

	if (!LLVMFuzzerMutate || size < PARTS_HEAD)
		return size;
	/* Now and then everything may happen, lengths too. */
	if (parts_random(&state) % 8 == 0)
		return LLVMFuzzerMutate(data, size, max);
	while (n--)
		image_parts_mutate(data, size, &state);
	return size;
}
