# completion.awk - bash completion out of what `holdall VERB --help` says
#
# Input as for manual.awk.  Verbs, their options, and which of these take a value;
# everything else is a file's name.
/^Usage: holdall / {
	verb = $3
	verbs = verbs " " verb
	next
}

/^  +-/ {
	match($0, /--?[a-z]+/)
	if (match($0, /--[a-z-]+/))
		name = substr($0, RSTART, RLENGTH)
	options[verb] = options[verb] " " name
	rest = substr($0, RSTART + RLENGTH)
	if (rest ~ /^ [A-Z]/ && !(name in known)) {
		known[name] = 1
		values = values name " | "
	}
}

END {
	n = split(substr(verbs, 2), v, " ")
	print "# bash completion for holdall, made from its help"
	print "_holdall()"
	print "{"
	print "\tlocal cur=${COMP_WORDS[COMP_CWORD]} word options i"
	print "\tif [ \"$COMP_CWORD\" -eq 1 ]; then"
	print "\t\tmapfile -t COMPREPLY < <(compgen -W \"" substr(verbs, 2) \
		" --help --version\" -- \"$cur\")"
	print "\t\treturn"
	print "\tfi"
	print "\tcase ${COMP_WORDS[1]} in"
	for (i = 1; i <= n; i++)
		print "\t" v[i] ") options=\"" substr(options[v[i]], 2) "\" ;;"
	print "\t*) return ;;"
	print "\tesac"
	print "\t# What stands behind a bundle that is started is the app's."
	print "\tcase ${COMP_WORDS[1]} in run | profile)"
	print "\t\tfor ((i = 2; i < COMP_CWORD; i++)); do"
	print "\t\t\tword=${COMP_WORDS[i]}"
	print "\t\t\tcase $word in"
	print "\t\t\t" values "-o) i=$((i + 1)) ;;"
	print "\t\t\t-*) ;;"
	print "\t\t\t*) return ;;"
	print "\t\t\tesac"
	print "\t\tdone ;;"
	print "\tesac"
	print "\tcase $cur in -*)"
	print "\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\") ;;"
	print "\tesac"
	print "}"
	print "complete -o bashdefault -o default -F _holdall holdall"
}
