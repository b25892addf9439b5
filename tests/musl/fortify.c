/* Debian builds LLVM's libunwind for glibc with _FORTIFY_SOURCE, so it calls glibc's checked printf functions.
 * musl has the plain ones only. They serve for the messages with which the unwinder aborts. */
#include <stdarg.h>
#include <stdio.h>

int __vfprintf_chk(FILE *stream, int flag, const char *format, va_list arguments)
{
	(void)flag;
	return vfprintf(stream, format, arguments);
}

int __fprintf_chk(FILE *stream, int flag, const char *format, ...)
{
	(void)flag;
	va_list arguments;
	va_start(arguments, format);
	int length = vfprintf(stream, format, arguments);
	va_end(arguments);
	return length;
}

int __vsnprintf_chk(char *text, size_t size, int flag, size_t real_size, const char *format, va_list arguments)
{
	(void)flag;
	(void)real_size;
	return vsnprintf(text, size, format, arguments);
}

int __snprintf_chk(char *text, size_t size, int flag, size_t real_size, const char *format, ...)
{
	(void)flag;
	(void)real_size;
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(text, size, format, arguments);
	va_end(arguments);
	return length;
}
