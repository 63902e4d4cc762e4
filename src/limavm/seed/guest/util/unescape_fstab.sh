#!/bin/sh
# stdin to stdout: \040 \011 \012 \134 \043 of fstab(5) become the characters they stand for.
exec awk '{
	result = ""
	rest = $0
	while (match(rest, /\\(040|011|012|134|043)/)) {
		code = substr(rest, RSTART + 1, 3)
		char = code == "040" ? " " : code == "011" ? "\t" : code == "012" ? "\n" : code == "134" ? "\\" : "#"
		result = result substr(rest, 1, RSTART - 1) char
		rest = substr(rest, RSTART + 4)
	}
	print result rest
}'
