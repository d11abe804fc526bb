namespace FastMlx.Hub;

/// <summary>
/// Which files of a repository a model needs. Only names at the top level of plain letters are ever considered, so a
/// listing cannot make us write anywhere else; a listing with names made to leave a folder is refused as a whole.
/// </summary>
internal static class NeededFiles
{
    private const int NameLengthMax = 200;

    public static bool IsNeeded(string name)
    {
        if (name.Length is 0 or > NameLengthMax || name[0] is '.' or '-'
            || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
            return false;
        return Ends(name, ".json") || Ends(name, ".jinja") || Ends(name, ".tiktoken") || IsWeights(name)
            || name is "tokenizer.model" or "tiktoken.model" or "merges.txt" or "vocab.txt";
    }

    public static bool IsWeights(string name) =>
        name.StartsWith("model", StringComparison.Ordinal) && Ends(name, ".safetensors");

    public static bool IsHostile(string name) =>
        name.Length == 0 || name[0] == '/' || name.Any(c => char.IsControl(c) || c is '\\' or ':')
        || name.Split('/').Any(part => part is "" or "." or "..");

    private static bool Ends(string name, string suffix) => name.EndsWith(suffix, StringComparison.Ordinal);
}
