#!/usr/bin/env python3
"""Writes normalization.bin: canonical and compatibility data of Unicode 9.0, the version that the reference's NFC/NFKC
tables follow (they are older than its regex classes). Sources: Python's unicodedata and Perl's Age property, both of
which must know at least Unicode 9.0; assigned characters never change these properties later.

Format: LEB128 numbers. ccc: count, then (start - previous end, length, class); canonical and compatibility: count, then
(code point - previous, n, n code points) with full decompositions, compatibility only where it differs from canonical;
pairs: count, then (first, second, composed)."""
import subprocess
import sys
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

    with open(sys.argv[1] if len(sys.argv) > 1 else "normalization.bin", "wb") as f:
        f.write(out)
    print(len(out), "bytes;", len(ccc), "classes;", len(canonical), "canonical;", len(compat), "compatibility;", len(pairs), "pairs")


main()
