#!/usr/bin/env python3
"""Writes normalization.bin: canonical and compatibility data of Unicode 9.0, the version that the reference's NFC/NFKC
tables follow (they are older than its regex classes). Sources: Python's unicodedata and Perl's Age property, both of
which must know at least Unicode 9.0; assigned characters never change these properties later.

scripts.bin: the Script property of the Unicode that Node's regular expressions know (16 or newer; what is newer is
unassigned for the runtime and is left out there), and whether a character was assigned in Unicode 9.0, the version of
the reference's UnicodeScripts pre-tokenizer.

Format of normalization.bin: LEB128 numbers. ccc: count, then (start - previous end, length, class); canonical and compatibility: count, then
(code point - previous, n, n code points) with full decompositions, compatibility only where it differs from canonical;
pairs: count, then (first, second, composed)."""
import json
import subprocess
import unicodedata

MAX = 0x110000


def assigned_in_9():
    script = 'for (0..0x10FFFF) { next if $_ >= 0xD800 && $_ < 0xE000; print "$_\\n" if chr($_) =~ /\\p{Present_In: 9.0}/ }'
    return {int(line) for line in subprocess.run(["perl", "-e", script], capture_output=True, check=True).stdout.split()}


def varint(out, value):
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def main():
    known = assigned_in_9()
    chars = [c for c in range(MAX) if c in known and not 0xAC00 <= c < 0xD7A4]
    out = bytearray()

    ccc = []
    for c in chars:
        k = unicodedata.combining(chr(c))
        if not k:
            continue
        if ccc and ccc[-1][1] == c and ccc[-1][2] == k:
            ccc[-1][1] = c + 1
        else:
            ccc.append([c, c + 1, k])
    varint(out, len(ccc))
    end = 0
    for first, last, k in ccc:
        varint(out, first - end)
        varint(out, last - first)
        varint(out, k)
        end = last

    canonical = {c: unicodedata.normalize("NFD", chr(c)) for c in chars}
    canonical = {c: s for c, s in canonical.items() if s != chr(c)}
    compat = {c: unicodedata.normalize("NFKD", chr(c)) for c in chars}
    compat = {c: s for c, s in compat.items() if s != canonical.get(c, chr(c))}
    for table in (canonical, compat):
        varint(out, len(table))
        previous = 0
        for c, s in sorted(table.items()):
            varint(out, c - previous)
            varint(out, len(s))
            for d in s:
                varint(out, ord(d))
            previous = c

    pairs = []
    for c in chars:
        d = unicodedata.decomposition(chr(c))
        if d and not d.startswith("<") and len(d.split()) == 2 and unicodedata.normalize("NFC", chr(c)) == chr(c):
            a, b = (int(x, 16) for x in d.split())
            pairs.append((a, b, c))
    varint(out, len(pairs))
    for pair in sorted(pairs):
        for c in pair:
            varint(out, c)

    with open("normalization.bin", "wb") as f:
        f.write(out)
    print("normalization.bin:", len(out), "bytes;", len(ccc), "classes;", len(canonical), "canonical;", len(compat), "compatibility;", len(pairs), "pairs")
    write_scripts(known)


# Scripts that Perl's older Unicode does not list.
NEWER_SCRIPTS = ["Kawi", "Nag_Mundari", "Garay", "Gurung_Khema", "Kirat_Rai", "Ol_Onal", "Sunuwar", "Todhri",
                 "Tulu_Tigalari"]

PROPERTIES = ["Alphabetic", "Lowercase", "Uppercase"]

LIST_SCRIPTS = """use Unicode::UCD qw(prop_values prop_value_aliases);
print join("\\n", map { (prop_value_aliases("Script", $_))[1] } prop_values("Script"))"""

READ_SCRIPTS = """const out = {};
for (const name of JSON.parse(process.argv[1])) {
  const one = new RegExp('^\\\\p{' + name + '}$', 'u');
  out[name] = [];
  for (let c = 0; c < 0x110000; c++)
    if ((c < 0xd800 || c >= 0xe000) && one.test(String.fromCodePoint(c))) out[name].push(c);
}
console.log(JSON.stringify(out));"""


def write_scripts(known):
    """Names: count, then (length, ASCII); ranges: count, then (start - previous end, length, value): in
    Unicode 9, alphabetic, lower case, upper case from the lowest bit, then the name's number."""
    listed = subprocess.run(["perl", "-e", LIST_SCRIPTS], capture_output=True, check=True, text=True).stdout.split()
    names = sorted(set(listed + NEWER_SCRIPTS) - {"Unknown", "Katakana_Or_Hiragana"})
    wanted = ["Script=" + name for name in names] + PROPERTIES
    found = json.loads(subprocess.run(["node", "-e", READ_SCRIPTS, json.dumps(wanted)], capture_output=True, check=True,
                                      text=True).stdout)
    script = {c: 16 * i + (c in known) for i, name in enumerate(names) for c in found["Script=" + name]}
    for bit, name in enumerate(PROPERTIES):
        for c in set(found[name]) & script.keys():
            script[c] += 2 << bit
    out = bytearray()
    varint(out, len(names))
    for name in names:
        varint(out, len(name))
        out += name.encode()
    ranges = []
    for c in sorted(script):
        if ranges and ranges[-1][1] == c and ranges[-1][2] == script[c]:
            ranges[-1][1] = c + 1
        else:
            ranges.append([c, c + 1, script[c]])
    varint(out, len(ranges))
    end = 0
    for first, last, value in ranges:
        varint(out, first - end)
        varint(out, last - first)
        varint(out, value)
        end = last
    with open("scripts.bin", "wb") as f:
        f.write(out)
    print("scripts.bin:", len(out), "bytes;", len(names), "scripts;", len(ranges), "ranges")


main()
