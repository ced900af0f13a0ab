# numbers.awk - the last table: what was reached beside what was meant to be
#
# Lines `what TAB reached TAB target TAB unit`; less is better in all of them.  With
# -v bars=1: lines `what reached/target` for bars.awk, in which 1 is the target.
BEGIN {
	FS = "\t"
	if (!bars)
		printf "%-52s %10s %10s  %s\n", "number", "reached", "target", ""
}
$2 == "" || $2 == "-" {
	if (!bars)
		printf "%-52s %10s %10s  not measured\n", $1, "-", "<= " $3
	next
}
bars { gsub(" ", "\302\240", $1); printf "%s %.2f\n", $1, $2 / $3; next }
{
	met = ($2 + 0 <= $3 + 0)
	all++
	good += met
	printf "%-52s %10s %10s  %s\n", $1, $2 $4, "<= " $3 $4,
		(met ? "met" : "NOT MET")
}
END { if (!bars) printf "%d of %d met\n", good, all }
