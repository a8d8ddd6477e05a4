# The file named by "settings" holds what the user set, the others are Kconfig files.
function term(t,   name, want, no) {
	gsub(/[ \t]/, "", t)
	no = sub(/^!/, "", t)
	want = ""
	if (t ~ /=/) {
		want = t
		sub(/.*=/, "", want)
		sub(/=.*/, "", t)
	}
	name = t
	if (want != "")
		return (value[name] == want) != no
	return (value[name] == "y" || value[name] == "m") != no
}
function met(e,   n, i, parts) {
	if (e == "")
		return 1
	n = split(e, parts, "&&")
	for (i = 1; i <= n; i++)
		if (!term(parts[i]))
			return 0
	return 1
}

FILENAME == settings && /^CONFIG_[A-Za-z0-9_]+=/ {
	eq = index($0, "=")
	user[substr($0, 8, eq - 8)] = substr($0, eq + 1)
	next
}
FILENAME == settings && /^# CONFIG_.* is not set/ { user[substr($2, 8)] = "n"; next }
FILENAME == settings { next }
$1 == "config" { s = $2; order[++symbols] = s; next }
$1 == "bool" || $1 == "tristate" || $1 == "string" || $1 == "int" {
	type[s] = $1
	if ($0 ~ /"/) {
		prompt[s] = 1
		if ($0 ~ /" if /) { c = $0; sub(/.*" if /, "", c); visible[s] = c }
	}
	next
}
$1 == "default" { given[s] = $2; next }
$1 == "depends" { c = $0; sub(/.*depends on /, "", c); depends[s] = depends[s] == "" ? c : depends[s] " && " c; next }
$1 == "select" { selects[s] = selects[s] " " $2; next }
END {
	srand(seed)
	for (i = 1; i <= symbols; i++)
		dice[order[i]] = probability == "" ? int(rand() * 3) : rand() * 100 < probability ? 2 : 0
	for (round = 0; round < 12; round++) {
		for (s in forced) delete forced[s]
		for (i = 1; i <= symbols; i++) {
			s = order[i]
			if (value[s] != "y" && value[s] != "m")
				continue
			n = split(selects[s], list, " ")
			for (j = 1; j <= n; j++) forced[list[j]] = 1
		}
		for (i = 1; i <= symbols; i++) {
			s = order[i]
			tri = type[s] == "tristate"
			logic = tri || type[s] == "bool"
			v = logic ? "n" : ""
			if (met(depends[s])) {
				shown = prompt[s] && met(visible[s])
				if (shown && s in user)
					v = user[s]
				else if (shown && logic && mode == "allnoconfig")
					v = "n"
				else if (shown && logic && mode == "allyesconfig")
					v = s ~ /BUILD$|BROKEN|KILLED|MISSING|FULL_DISK|WERROR/ ? "n" : "y"
				else if (shown && logic && mode == "allmodconfig")
					v = s ~ /BUILD$|BROKEN|KILLED|MISSING|FULL_DISK|WERROR/ ? "n" : tri ? "m" : "y"
				else if (shown && logic && mode == "randconfig")
					v = s ~ /BUILD$|BROKEN|KILLED|MISSING|FULL_DISK|WERROR/ ? "n" : dice[s] == 0 ? "n" : dice[s] == 1 && tri ? "m" : "y"
				else if (shown && mode == "randconfig" && type[s] == "int" && dice[s] == 0)
					v = ""
				else if (s in given)
					v = given[s]
				else if (type[s] == "string")
					v = "\"\""
				if (type[s] == "bool" && v == "m")
					v = "y"
				on[s] = logic ? v != "n" || shown : 1
			} else
				on[s] = 0
			if (s in forced) { v = "y"; on[s] = 1 }
			value[s] = v
		}
	}
	printf "#\n# Automatically generated file; DO NOT EDIT.\n# %s\n#\n", title
	for (i = 1; i <= symbols; i++) {
		s = order[i]
		if (!on[s])
			continue
		if ((type[s] == "bool" || type[s] == "tristate") && value[s] == "n")
			printf "# CONFIG_%s is not set\n", s
		else
			printf "CONFIG_%s=%s\n", s, value[s]
	}
}
