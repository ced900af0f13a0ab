/*
 * desktop_window.c - text in a window, with the X11 core protocol alone
 *
 * No toolkit, no extension: eight kinds of requests, the font "fixed", which is
 * built into every server.  Sizes are constants, so nothing that the server says is
 * calculated with.
 */
#include "launcher/desktop_window.h"

#include <string.h>

#include "launcher/wire.h"

enum opcode {
	CREATE_WINDOW = 1, MAP_WINDOW = 8, CHANGE_PROPERTY = 18,
	OPEN_FONT = 45, CREATE_GC = 55, IMAGE_TEXT_8 = 76,
};

enum event { KEY_PRESS = 2, BUTTON_PRESS = 4, EXPOSE = 12 };

#define WM_NAME 39
#define STRING 31
#define WANTED_EVENTS 0x8005u	/* Exposure, ButtonPress, KeyPress */
#define FONT_WIDTH 6u
#define LINE_HEIGHT 18u
#define MARGIN 16u
#define HINT "Press a key or click to close."

static char plain(char c)
{
	return (unsigned char)c >= ' ' && (unsigned char)c < 0x7f ? c : '?';
}

/* How much of the text goes on this line: up to a newline, or the last blank before
 * the edge, or the edge. */
static size_t line_length(const char *text)
{
	size_t n = strcspn(text, "\n");
	size_t cut = WINDOW_COLUMNS;

	if (n <= WINDOW_COLUMNS)
		return n;
	while (cut > 0 && text[cut] != ' ')
		cut--;
	return cut ? cut : WINDOW_COLUMNS;
}

size_t window_lines(const char *text,
		    char lines[WINDOW_LINES][WINDOW_COLUMNS + 1])
{
	size_t n = 0;

	while (*text && n < WINDOW_LINES) {
		size_t len = line_length(text);

		for (size_t i = 0; i < len; i++)
			lines[n][i] = plain(text[i]);
		lines[n++][len] = '\0';
		text += len;
		if (*text == ' ' || *text == '\n')
			text++;
	}
	return n;
}

struct window {
	struct x11_conn *c;
	uint32_t window, gc, font;
	char lines[WINDOW_LINES][WINDOW_COLUMNS + 1];
	size_t n_lines;
};

static void start(struct x11_request *r, enum opcode op, unsigned detail)
{
	r->len = 0;
	x11_put8(r, op);
	x11_put8(r, detail);
	x11_put16(r, 0);
}

static int make_window(struct window *w, const char *title)
{
	struct x11_request r;
	unsigned width = WINDOW_COLUMNS * FONT_WIDTH + 2 * MARGIN;
	unsigned height = (unsigned)(w->n_lines + 2) * LINE_HEIGHT +
			  2 * MARGIN;
	int e;

	start(&r, CREATE_WINDOW, 0);
	x11_put32(&r, w->window);
	x11_put32(&r, w->c->root);
	x11_put16(&r, w->c->width > width ? (w->c->width - width) / 2 : 0);
	x11_put16(&r, w->c->height > height ? (w->c->height - height) / 2 : 0);
	x11_put16(&r, width);
	x11_put16(&r, height);
	x11_put16(&r, 0);			/* no border */
	x11_put16(&r, 1);			/* InputOutput */
	x11_put32(&r, 0);			/* the parent's visual */
	x11_put32(&r, 0x2 | 0x800);		/* background, events */
	x11_put32(&r, w->c->white);
	x11_put32(&r, WANTED_EVENTS);
	e = x11_send(w->c, &r);
	start(&r, CHANGE_PROPERTY, 0);
	x11_put32(&r, w->window);
	x11_put32(&r, WM_NAME);
	x11_put32(&r, STRING);
	x11_put32(&r, 8);			/* format, and padding */
	x11_put32(&r, (uint32_t)strlen(title));
	x11_put_bytes(&r, title, strlen(title));
	return e < 0 ? e : x11_send(w->c, &r);
}

static int make_pen(struct window *w)
{
	struct x11_request r;
	int e;

	start(&r, OPEN_FONT, 0);
	x11_put32(&r, w->font);
	x11_put16(&r, 5);
	x11_put16(&r, 0);
	x11_put_bytes(&r, "fixed", 5);
	e = x11_send(w->c, &r);
	start(&r, CREATE_GC, 0);
	x11_put32(&r, w->gc);
	x11_put32(&r, w->window);
	x11_put32(&r, 0x4 | 0x8 | 0x4000);	/* colours, font */
	x11_put32(&r, w->c->black);
	x11_put32(&r, w->c->white);
	x11_put32(&r, w->font);
	if (e == 0)
		e = x11_send(w->c, &r);
	start(&r, MAP_WINDOW, 0);
	x11_put32(&r, w->window);
	return e < 0 ? e : x11_send(w->c, &r);
}

static int draw_line(struct window *w, size_t row, const char *text)
{
	struct x11_request r;
	size_t n = strlen(text);

	if (!n)
		return 0;
	start(&r, IMAGE_TEXT_8, (unsigned)n);
	x11_put32(&r, w->window);
	x11_put32(&r, w->gc);
	x11_put16(&r, MARGIN);
	x11_put16(&r, MARGIN + (unsigned)(row + 1) * LINE_HEIGHT);
	x11_put_bytes(&r, text, n);
	return x11_send(w->c, &r);
}

static int draw(struct window *w)
{
	int e = 0;

	for (size_t i = 0; e == 0 && i < w->n_lines; i++)
		e = draw_line(w, i, w->lines[i]);
	return e < 0 ? e : draw_line(w, w->n_lines + 1, HINT);
}

void desktop_window(struct x11_conn *c, const char *title, const char *text,
		    unsigned seconds)
{
	struct window w = { .c = c, .window = c->id_base,
			    .gc = c->id_base | 1, .font = c->id_base | 2 };
	unsigned char event[32];

	w.n_lines = window_lines(text, w.lines);
	if (make_window(&w, title) < 0 || make_pen(&w) < 0)
		return;
	while (wire_read(c->fd, event, sizeof(event),
			(int)seconds * 1000) == 0) {
		/* The top bit says only that another client sent it. */
		switch (event[0] & 0x7f) {
		case 0:			/* an error: nothing to be seen */
		case KEY_PRESS:
		case BUTTON_PRESS:
			return;
		case EXPOSE:
			if (draw(&w) < 0)
				return;
		}
	}
}
