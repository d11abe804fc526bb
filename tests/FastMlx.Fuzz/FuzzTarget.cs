namespace FastMlx.Fuzz;

/// <summary>A parser under fuzzing: throws where an input breaks what the parser promises.</summary>
internal delegate void FuzzTarget(ReadOnlySpan<byte> input);
