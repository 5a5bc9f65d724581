#include "base/utf8.h"

size_t
utf8_step(const unsigned char *s, size_t n)
{
	unsigned char lo = 0x80, hi = 0xbf;
	size_t len, i;

	if (s[0] < 0x80)
		return (1);
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return (0);
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (len > n)
		return (0);
	if (s[0] == 0xe0)
		lo = 0xa0;
	else if (s[0] == 0xed)
		hi = 0x9f;
	else if (s[0] == 0xf0)
		lo = 0x90;
	else if (s[0] == 0xf4)
		hi = 0x8f;
	if (s[1] < lo || s[1] > hi)
		return (0);
	for (i = 2; i < len; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return (0);
	return (len);
}

bool
utf8_is_control(const unsigned char *s, size_t len)
{
	if (len == 1)
		return (s[0] < 0x20 || s[0] == 0x7f);
	return (len == 2 && s[0] == 0xc2 && s[1] < 0xa0);
}

bool
utf8_valid(const unsigned char *s, size_t n)
{
	size_t step;

	while (n > 0) {
		if ((step = utf8_step(s, n)) == 0)
			return (false);
		s += step;
		n -= step;
	}
	return (true);
}
