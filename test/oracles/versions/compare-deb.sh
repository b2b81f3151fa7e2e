# Reads lines "one<TAB>other" and says which comes first by dpkg: "<", "=", ">", or "?" when it can not read one of them.
while IFS='	' read -r one other; do
  dpkg --compare-versions -- "$one" lt "$other" 2>/dev/null
  case $? in
    0) printf '<' ;;
    1) if dpkg --compare-versions -- "$one" eq "$other" 2>/dev/null; then printf '='; else printf '>'; fi ;;
    *) printf '?' ;;
  esac
done
