# bars.awk - rows of a table as bars in an SVG: awk -f bars.awk title=T column=N FILE
#
# The first column names the bar, column N is its length; a line marks 1.
{ name[NR] = $1; value[NR] = $column; if ($column > most) most = $column }
END {
	if (most < 1)
		most = 1
	for (i = 1; i <= NR; i++)
		if (length(name[i]) > longest)
			longest = length(name[i])
	room = longest * 7 + 20
	scale = 400 / most
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" " \
		"height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n",
		room + 480, NR * 24 + 40
	printf "<text x=\"10\" y=\"18\">%s</text>\n", title
	for (i = 1; i <= NR; i++) {
		y = 30 + (i - 1) * 24
		printf "<text x=\"10\" y=\"%d\">%s</text>\n", y + 13, name[i]
		printf "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"16\" " \
			"fill=\"#3b7dd8\"/>\n", room, y, value[i] * scale
		printf "<text x=\"%.1f\" y=\"%d\">%s</text>\n",
			room + 5 + value[i] * scale, y + 13, value[i]
	}
	printf "<line x1=\"%.1f\" y1=\"26\" x2=\"%.1f\" y2=\"%d\" " \
		"stroke=\"#888\"/>\n</svg>\n", room + scale, room + scale,
		NR * 24 + 34
}
