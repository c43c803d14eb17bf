# Options that the scripts here share; sourced with the letters that a script
# knows in $known and its defaults set, it leaves the operands in "$@".
# shellcheck shell=sh disable=SC2034,SC2154
while getopts "$known" opt; do
	case $opt in
	b) build=$OPTARG ;;
	d) dir=$OPTARG ;;
	n) n=$OPTARG ;;
	q) quarter=4 ;;
	r) rounds=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
