"""Scans an unstripped library: does each instruction set stay in its own functions, and is it used?

An instruction beyond x86-64 outside the functions of a level is illegal on an old processor; a
level that computes in narrow registers, or in code it shares with another, is silently slow.
"""

import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

REGISTER = {"generic": "xmm", "avx2": "ymm", "avx512": "zmm"}

# Functions in a level's own namespace, and their clones. Not those that merely mention it, such as
# a standard container of its types, or the initialisers that run when the library is loaded.
OWN = re.compile(r"_ZZ*NK?7shapcpp7kernels(7generic|4avx2|6avx512)")
HELPERS = {"memcpy", "memmove", "memset", "__stack_chk_fail"}  # a compiler may call them anywhere

FUNCTION = re.compile(r"[0-9a-f]+ <(.+)>:$")
INSTRUCTION = re.compile(r" *[0-9a-f]+:\t([0-9a-f ]+?) *\t(.+)$")
JUMP = re.compile(r"(?:notrack |bnd )?(?:call|j[a-z]+)\b.*<([^>@+]+)[^>]*>$")
ARITHMETIC = re.compile(r"v?(?:add|sub|mul|div|min|max|fn?m(?:add|sub)\d+)p[sd]\b.*%([xyz]mm)\d")

# Encodings, by their first bytes: VEX is AVX, AVX2, FMA, BMI and masks, EVEX is AVX-512.
PREFIXES = r"(?:(?:26|2e|36|3e|64|65|66|67|f0|f2|f3) )*(?:4[0-9a-f] )?"
VEX = re.compile(PREFIXES + r"(?:c4|c5)\b")
EVEX = re.compile(PREFIXES + r"(?:62|d5)\b")
MASK = re.compile(r"%k[0-7]\b")
# SSSE3, SSE4 and later; popcnt, lzcnt and what SSE3 added. (tzcnt is how compilers write bsf.)
NEWER_SSE = re.compile(
    PREFIXES + r"0f 3[8a]\b|f3 (?:4. )?0f (?:b8|bd|12|16)\b|f2 (?:4. )?0f (?:12|f0)\b"
    r"|(?:66|f2) (?:4. )?0f (?:7c|7d|d0)\b"
)


def instructions(library: Path) -> Iterator[tuple[str, str, str]]:
    """Yields the function, bytes and text of every instruction."""
    done = subprocess.run(
        ["objdump", "-dw", library], check=True, stdout=subprocess.PIPE, text=True
    )
    if "elf64-x86-64" not in done.stdout:
        sys.exit(f"{library} is not for x86-64, which alone has levels to scan")
    function = ""
    for line in done.stdout.splitlines():
        if heading := FUNCTION.match(line):
            function = heading[1]
        elif found := INSTRUCTION.match(line):
            yield function, found[1], found[2]


def level_of(function: str) -> str | None:
    own = OWN.match(function)
    return own[1][1:] if own else None


def is_beyond(level: str | None, code: str, text: str) -> bool:
    """True if some processor that runs functions of that level lacks the instruction."""
    if level == "avx512":
        return False
    if EVEX.match(code) or MASK.search(text):
        return True
    return level != "avx2" and bool(VEX.match(code) or NEWER_SSE.match(code))


def main(library: Path) -> None:
    wrong: dict[str, str] = {}  # the first complaint about each function
    registers: dict[str, Counter[str]] = defaultdict(Counter)  # of its packed arithmetic
    for function, code, text in instructions(library):
        level = level_of(function)
        if is_beyond(level, code, text):
            wrong.setdefault(function, f"holds '{text}', an instruction beyond {level or 'x86-64'}")
        if level is None:
            continue
        if (jump := JUMP.match(text)) and level_of(jump[1]) != level and jump[1] not in HELPERS:
            wrong.setdefault(function, f"leads to {jump[1]}, which is not of its level")
        if packed := ARITHMETIC.match(text):
            registers[function][packed[1]] += 1
    for function, counts in registers.items():
        if REGISTER[level_of(function) or "generic"] not in counts:
            wrong.setdefault(function, f"computes in {', '.join(counts)} registers alone")
    computing = Counter(level_of(function) for function in registers)
    for level in REGISTER:
        if not computing[level]:
            wrong[level] = "has no function with arithmetic; is the library stripped?"
    if wrong:
        sys.exit("\n".join(f"{function} {complaint}" for function, complaint in wrong.items()))
    for level, register in REGISTER.items():
        print(f"{level}: {computing[level]} functions compute in {register} registers")


main(Path(sys.argv[1]))
