namespace FastMlx.Api;

/// <summary>
/// What a body may hold at most; past it the request is refused with 400. Sizes in bytes are the Http room's.
/// </summary>
public sealed record ReaderLimits
{
    public static readonly ReaderLimits Default = new();

    /// <summary>Open brackets at one place.</summary>
    public int JsonDepth { get; init; } = 128;

    /// <summary>Brackets, names and values in one body: bounds the memory that reading takes.</summary>
    public int JsonTokens { get; init; } = 500_000;

    public int Messages { get; init; } = 20_000;

    public int Tools { get; init; } = 512;

    /// <summary>
    /// Schemas inside schemas; each takes up to two levels of JSON (its object and its `properties`).
    /// </summary>
    public int SchemaDepth { get; init; } = 32;

    public int StopSequences { get; init; } = 16;

    public int StopSequenceBytes { get; init; } = 256;

    public int BatchRequests { get; init; } = 100_000;

    /// <summary>Of a PDF's extracted text; the rest is cut with a note.</summary>
    public int DocumentChars { get; init; } = 400_000;
}
