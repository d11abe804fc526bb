namespace FastMlx.Chat.Templates;

/// <summary>What one rendering may use. A template that asks for more gets a <see cref="TemplateException"/>.</summary>
public sealed record TemplateLimits
{
    public static readonly TemplateLimits Default = new();

    /// <summary>Evaluated nodes, copied elements, and one for every 32 characters of a new string.</summary>
    public long FuelOps { get; init; } = 5_000_000;

    /// <summary>Characters of the output, and of any one string.</summary>
    public int OutputChars { get; init; } = 16 * 1024 * 1024;

    /// <summary>Brackets and blocks inside one another, in the source and in data.</summary>
    public int NestingDepth { get; init; } = 64;

    /// <summary>Macros inside one another. Python stops at about 200.</summary>
    public int CallDepth { get; init; } = 128;

    public int RangeLength { get; init; } = 100_000;

    public int SourceChars { get; init; } = 4 * 1024 * 1024;

    /// <summary>For a rendering that has used a tenth of its fuel; ten times as long for one that has not.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(2);
}
