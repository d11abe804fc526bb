namespace FastMlx.Chat.Tokenization;

/// <summary>Which pieces Metaspace puts its character in front of.</summary>
internal enum PrependScheme
{
    Always,
    First,
    Never,
}
