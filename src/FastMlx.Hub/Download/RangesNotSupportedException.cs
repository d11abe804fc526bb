namespace FastMlx.Hub;

/// <summary>A server answered a range with the whole file: it must be read from its beginning, in one go.</summary>
internal sealed class RangesNotSupportedException : Exception;
