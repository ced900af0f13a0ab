/*
 * text_check.c - numbers, hex, UTF-8 and names from outside (see text.h)
 *
 * Each function is the one place where that kind of text is judged.
 */
#include "runtime/text.h"

#include <errno.h>
#include <string.h>

void text_hex(char *out, const uint8_t *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[data[i] >> 4];
		out[2 * i + 1] = digits[data[i] & 15];
	}
	out[2 * len] = '\0';
}

/* Lower case only, as text_hex writes it. */
static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int text_unhex(const char *s, size_t s_len, uint8_t *ret, size_t len)
{
	if (s_len != 2 * len)
		return -EINVAL;
	for (size_t i = 0; i < s_len; i++)
		if (nibble(s[i]) < 0)
			return -EINVAL;
	for (size_t i = 0; i < len; i++)
		ret[i] = (uint8_t)(nibble(s[2 * i]) << 4 |
				   nibble(s[2 * i + 1]));
	return 0;
}

/* Length of the well-formed sequence at s, 0 if it is none.  Overlong forms,
 * surrogates and what lies beyond U+10FFFF are not well-formed. */
static size_t utf8_sequence(const unsigned char *s, size_t len)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (len < n)
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

size_t text_utf8_length(const char *s, size_t len)
{
	return len ? utf8_sequence((const unsigned char *)s, len) : 0;
}

bool text_is_utf8(const char *s, size_t len)
{
	while (len) {
		size_t n = text_utf8_length(s, len);

		if (!n)
			return false;
		s += n;
		len -= n;
	}
	return true;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool text_is_app_id(const char *s)
{
	unsigned components = 0;
	bool start = true;

	if (strlen(s) > 255)
		return false;
	for (; *s; s++) {
		bool digit = *s >= '0' && *s <= '9';

		if (*s == '.') {
			if (start)
				return false;
			start = true;
			continue;
		}
		if (!is_letter(*s) && *s != '_' && *s != '-' &&
		    (!digit || start))
			return false;
		if (start)
			components++;
		start = false;
	}
	return !start && components >= 3;
}

int text_read_u64(const char *s, size_t len, uint64_t *ret)
{
	uint64_t n = 0;

	if (!len || (len > 1 && s[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (s[i] < '0' || s[i] > '9')
			return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(s[i] - '0'), &n))
			return -ERANGE;
	*ret = n;
	return 0;
}
