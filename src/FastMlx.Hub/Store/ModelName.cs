using System.Diagnostics.CodeAnalysis;

namespace FastMlx.Hub;

/// <summary>
/// A model's name on a hub: `owner/model` or `model`. One that parsed cannot leave a folder: each part is 1 to 96 ASCII
/// letters, digits, '_', '-' and '.', does not begin with '-' or '.' nor end with '.', and holds neither ".." nor "--".
/// </summary>
public readonly record struct ModelName
{
    private const string FolderPrefix = "models--";
    private const int PartLengthMax = 96;

    private ModelName(string text) => Text = text;

    public string Text { get; }

    /// <summary>The folder in the cache: models--owner--model.</summary>
    public string FolderName => FolderPrefix + Text.Replace("/", "--", StringComparison.Ordinal);

    public static bool TryParse([NotNullWhen(true)] string? text, out ModelName name)
    {
        name = default;
        if (text is null)
            return false;
        string[] parts = text.Split('/');
        if (parts.Length > 2 || !parts.All(IsPart))
            return false;
        name = new ModelName(text);
        return true;
    }

    public static ModelName Parse(string text) => TryParse(text, out ModelName name)
        ? name
        : throw new HubException(HubProblem.BadName,
            $"\"{Printable(text)}\" is not a model's name. Write it as owner/model, for example "
            + "mlx-community/Qwen3-4B-4bit, or give a folder.");

    public static bool TryParseFolder(string folderName, out ModelName name)
    {
        name = default;
        return folderName.StartsWith(FolderPrefix, StringComparison.Ordinal)
            && TryParse(folderName[FolderPrefix.Length..].Replace("--", "/", StringComparison.Ordinal), out name);
    }

    public override string ToString() => Text;

    private static bool IsPart(string part) =>
        part.Length is > 0 and <= PartLengthMax
        && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.')
        && part[0] is not ('-' or '.')
        && part[^1] is not '.'
        && !part.Contains("..", StringComparison.Ordinal)
        && !part.Contains("--", StringComparison.Ordinal);

    private static string Printable(string text) =>
        string.Concat((text.Length > 80 ? text[..80] + "…" : text).Select(c => char.IsControl(c) ? '?' : c));
}
