namespace FastMlx.Cli;

/// <summary>One line of `doctor`.</summary>
/// <param name="About">What was looked at.</param>
/// <param name="Grade">"ok", "note" (works, but worth knowing) or "bad".</param>
/// <param name="Text">What was found and, where it is not well, what to do.</param>
internal sealed record Finding(string About, string Grade, string Text);
