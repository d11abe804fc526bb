namespace FastMlx.Chat.Tokenization;

/// <summary>The four normalisation forms.</summary>
internal enum UnicodeForm
{
    Nfc,
    Nfd,
    Nfkc,
    Nfkd,
}
