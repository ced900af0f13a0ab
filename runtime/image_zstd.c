/*
 * image_zstd.c - unpacking one block, and nothing that the library does beside
 *
 * A block is one zstd frame of at most the caller's size.  The context lies in
 * the image's own mapping, so that an idle server can give its pages back.
 *
 * Debian's libzstd also decodes the formats of versions 0.5 to 0.7: 90 KB of
 * code that would read hostile bytes and that no squashfs was ever written
 * with.  The functions by which the library reaches it are defined here, and
 * refuse; so the static link takes none of it.
 */
#define ZSTD_STATIC_LINKING_ONLY
#include "runtime/image_state.h"

#include <zstd_errors.h>

#define UNSUPPORTED ((size_t)-ZSTD_error_version_unsupported)

size_t image_zstd_size(void)
{
	return (ZSTD_estimateDCtxSize() + 4095) & ~(size_t)4095;
}

long image_unpack(struct image_decoder *dec, void *out, size_t size,
		  const uint8_t *packed, size_t n)
{
	size_t len;

	if (n < 4 || le32(packed) != ZSTD_MAGICNUMBER)
		return -1;
	if (!dec->zstd)
		dec->zstd = ZSTD_initStaticDCtx(dec->zstd_area,
						image_zstd_size());
	if (!dec->zstd)
		return -1;
	len = ZSTD_decompressDCtx(dec->zstd, out, size, packed, n);
	return ZSTD_isError(len) ? -1 : (long)len;
}

/* ---- what the library asks of its old formats ------------------------------ */

/* Signatures of zstd_legacy.h, which is not installed. */
#define NO_LEGACY(v) \
	void *ZSTD##v##_createDCtx(void); \
	size_t ZSTD##v##_freeDCtx(void *d); \
	size_t ZSTD##v##_getFrameParams(void *p, const void *src, size_t n); \
	size_t ZSTD##v##_decompress_usingDict( \
		void *d, void *dst, size_t size, const void *src, size_t n, \
		const void *dict, size_t dict_size); \
	void ZSTD##v##_findFrameSizeInfoLegacy( \
		const void *src, size_t n, size_t *ret_size, \
		unsigned long long *ret_bound); \
	void *ZBUFF##v##_createDCtx(void); \
	size_t ZBUFF##v##_freeDCtx(void *d); \
	size_t ZBUFF##v##_decompressInitDictionary( \
		void *d, const void *dict, size_t dict_size); \
	size_t ZBUFF##v##_decompressContinue( \
		void *d, void *dst, size_t *size, const void *src, \
		size_t *n); \
	void *ZSTD##v##_createDCtx(void) \
	{ \
		return NULL; \
	} \
	size_t ZSTD##v##_freeDCtx(void *d UNUSED) \
	{ \
		return 0; \
	} \
	size_t ZSTD##v##_getFrameParams(void *p UNUSED, \
					const void *src UNUSED, \
					size_t n UNUSED) \
	{ \
		return UNSUPPORTED; \
	} \
	size_t ZSTD##v##_decompress_usingDict( \
		void *d UNUSED, void *dst UNUSED, size_t size UNUSED, \
		const void *src UNUSED, size_t n UNUSED, \
		const void *dict UNUSED, size_t dict_size UNUSED) \
	{ \
		return UNSUPPORTED; \
	} \
	void ZSTD##v##_findFrameSizeInfoLegacy( \
		const void *src UNUSED, size_t n UNUSED, size_t *ret_size, \
		unsigned long long *ret_bound) \
	{ \
		*ret_size = UNSUPPORTED; \
		*ret_bound = ZSTD_CONTENTSIZE_ERROR; \
	} \
	void *ZBUFF##v##_createDCtx(void) \
	{ \
		return NULL; \
	} \
	size_t ZBUFF##v##_freeDCtx(void *d UNUSED) \
	{ \
		return 0; \
	} \
	size_t ZBUFF##v##_decompressInitDictionary( \
		void *d UNUSED, const void *dict UNUSED, \
		size_t dict_size UNUSED) \
	{ \
		return UNSUPPORTED; \
	} \
	size_t ZBUFF##v##_decompressContinue( \
		void *d UNUSED, void *dst UNUSED, size_t *size UNUSED, \
		const void *src UNUSED, size_t *n UNUSED) \
	{ \
		return UNSUPPORTED; \
	}

NO_LEGACY(v05)
NO_LEGACY(v06)
NO_LEGACY(v07)
