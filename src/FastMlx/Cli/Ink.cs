using FastMlx.Configuration;

namespace FastMlx.Cli;

/// <summary>Colours, on a terminal only and not where NO_COLOR is set.</summary>
internal sealed class Ink(bool isOn)
{
    public static Ink ForOutput(Surroundings surroundings) =>
        new(!Console.IsOutputRedirected && !surroundings.IsColourless);

    public string Soft(string text) => Paint("2", text);

    public string Good(string text) => Paint("32", text);

    public string Warn(string text) => Paint("33", text);

    public string Bad(string text) => Paint("31", text);

    private string Paint(string code, string text) => isOn ? $"\e[{code}m{text}\e[0m" : text;
}
