# manual.awk - holdall(1) out of what `holdall VERB --help` says
#
# Input: the help of each verb, one behind the other.  So the manual says what the
# program says, and a new option is in it.  The text around stands in
# contrib/manual.head and manual.tail, which contrib/manual puts on either side.
function roff(s)
{
	gsub(/\\/, "\\e", s)
	gsub(/-/, "\\-", s)
	if (s ~ /^[.']/)
		s = "\\&" s
	return s
}

/^Usage: holdall / {
	sub(/^Usage: /, "")
	print ".SS " roff($0)
	text = 1
	next
}

/^Options:$/ {
	text = 0
	next
}

# Every verb has it; manual.head says so once.
/^  -h, --help / {
	next
}

# "  -o, --output FILE   the file": two blanks end the left side, or its width does.
/^  +-/ {
	match($0, /^  +/)
	line = substr($0, RLENGTH + 1)
	if (match(line, /  +/)) {
		left = substr(line, 1, RSTART - 1)
		right = substr(line, RSTART + RLENGTH)
	} else {
		match(line, /^(-., )?--?[a-z-]+( [^ ]+)? /)
		left = substr(line, 1, RLENGTH - 1)
		right = substr(line, RLENGTH + 1)
	}
	print ".TP"
	print ".B " roff(left)
	print roff(right)
	next
}

/./ {
	if (!text)
		print ".PP"
	print roff($0)
	text = 1
}
