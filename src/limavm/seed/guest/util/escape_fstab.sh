#!/bin/sh
# stdin to stdout: blanks and backslashes in the mount points of the virtiofs lines that cloud-init wrote
# become octal, as fstab(5) wants them. A line that is escaped already passes unchanged.
exec awk -F '\t' -v OFS='\t' '
$3 == "virtiofs" && $4 ~ /comment=cloudconfig/ {
	point = $2
	result = ""
	while (point != "") {
		if (point ~ /^\\0(40|11|12)/ || point ~ /^\\(134|043)/) {
			result = result substr(point, 1, 4)
			point = substr(point, 5)
			continue
		}
		char = substr(point, 1, 1)
		if (char == " ") char = "\\040"
		else if (char == "\\") char = "\\134"
		result = result char
		point = substr(point, 2)
	}
	$2 = result
}
{ print }
'
