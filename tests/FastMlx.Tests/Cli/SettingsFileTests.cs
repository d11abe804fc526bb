using System.Text;
using System.Text.Json;
using CsCheck;
using FastMlx.Claude;
using Xunit;

namespace FastMlx.Tests.Cli;

public sealed class SettingsFileTests : IDisposable
{
    private static readonly (string, string)[] Ours = [("ANTHROPIC_MODEL", "a"), ("X\"Y", "quote \" and \\ and é")];
    private readonly string _folder = Directory.CreateTempSubdirectory("fastmlx-settings").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void NoFile_IsMade_ForTheUserAlone()
    {
        string path = Path.Combine(_folder, "deep", "settings.json");
        SettingsFile.Merge(path, Ours);
        using JsonDocument made = JsonDocument.Parse(File.ReadAllBytes(path));
        Assert.Equal("quote \" and \\ and é", made.RootElement.GetProperty("env").GetProperty("X\"Y").GetString());
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public void Merging_KeepsOrderNumbersModeAndTheRestOfEnv()
    {
        string path = Path.Combine(_folder, "settings.json");
        File.WriteAllText(path, """
            {"z":1.00,"env":{"MINE":"1","ANTHROPIC_MODEL":"old"},"a":[1e400,{"b":null}],"hooks":{"x":"日本 <&> \u0007"}}
            """);
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, Mode);
        SettingsFile.Merge(path, Ours);
        string text = File.ReadAllText(path);
        using JsonDocument merged = JsonDocument.Parse(text);
        Assert.Equal(["z", "env", "a", "hooks"], merged.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Equal(["MINE", "ANTHROPIC_MODEL", "X\"Y"], merged.RootElement.GetProperty("env").EnumerateObject().Select(p => p.Name));
        Assert.Equal("a", merged.RootElement.GetProperty("env").GetProperty("ANTHROPIC_MODEL").GetString());
        Assert.Contains("1.00", text);
        Assert.Contains("1e400", text);
        Assert.Equal("日本 <&> \a", merged.RootElement.GetProperty("hooks").GetProperty("x").GetString());
        if (!OperatingSystem.IsWindows())
            Assert.Equal(Mode, File.GetUnixFileMode(path));
        SettingsFile.Merge(path, Ours);
        Assert.Equal(text, File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(_folder));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{\"env\":[]}")]
    [InlineData("{\"env\":null}")]
    [InlineData("{\"env\":{},\"env\":{}}")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{ // comment\n}")]
    [InlineData("{\"a\":\"\\ud800\"}")]
    [InlineData("{} {}")]
    public void WhatIsNoSettingsFile_IsRefusedAndNotTouched(string content)
    {
        string path = Path.Combine(_folder, "settings.json");
        File.WriteAllText(path, content);
        var error = Assert.Throws<InvalidDataException>(() => SettingsFile.Merge(path, Ours));
        Assert.Contains(path, error.Message);
        Assert.Equal(content, File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(_folder));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n")]
    [InlineData("\uFEFF{\"a\":1}")]
    public void EmptyFilesAndByteOrderMarks_AreFine(string content)
    {
        byte[] merged = SettingsFile.Merged("x", Encoding.UTF8.GetBytes(content), Ours);
        using JsonDocument document = JsonDocument.Parse(merged);
        Assert.Equal("a", document.RootElement.GetProperty("env").GetProperty("ANTHROPIC_MODEL").GetString());
        Assert.Equal(content.Contains('a'), document.RootElement.TryGetProperty("a", out _));
    }

    [Fact]
    public void SymbolicLink_StaysOne()
    {
        string real = Path.Combine(_folder, "dotfiles.json"), link = Path.Combine(_folder, "settings.json");
        File.WriteAllText(real, "{\"keep\":true}");
        File.CreateSymbolicLink(link, real);
        SettingsFile.Merge(link, Ours);
        Assert.NotNull(new FileInfo(link).LinkTarget);
        Assert.Contains("keep", File.ReadAllText(real));
        Assert.Contains("ANTHROPIC_MODEL", File.ReadAllText(real));
    }

    [Fact]
    public void Merging_LosesNothing_OfAnySettings() => Members.Sample(
        members =>
        {
            string old = "{" + string.Join(",", members.Select(m => $"\"{JsonEncodedText.Encode(m.Name)}\":{m.Json}")) + "}";
            byte[] merged = SettingsFile.Merged("x", Encoding.UTF8.GetBytes(old), Ours);
            using JsonDocument before = JsonDocument.Parse(old), after = JsonDocument.Parse(merged);
            foreach (JsonProperty property in before.RootElement.EnumerateObject())
                Assert.True(JsonElement.DeepEquals(property.Value, after.RootElement.GetProperty(property.Name)), old);
            Assert.Equal(members.Length + 1, after.RootElement.EnumerateObject().Count());
        },
        iter: 1000);

    private static Gen<string> Value(int depth)
    {
        Gen<string> text = Gen.String[Gen.Char.AlphaNumeric, 0, 8].Select(s => $"\"{JsonEncodedText.Encode(s + "é\n\"")}\"");
        Gen<string> number = Gen.Double[-1e9, 1e9].Select(d => d.ToString("R", System.Globalization.CultureInfo.InvariantCulture));
        Gen<string> leaf = Gen.OneOf(text, number, Gen.Int[0, 3].Select(i => new[] { "true", "null", "[]", "{}" }[i]));
        if (depth == 0)
            return leaf;
        Gen<string> inner = Value(depth - 1);
        Gen<string> list = inner.Array[0, 3].Select(v => $"[{string.Join(",", v)}]");
        Gen<string> map = inner.Array[0, 3].Select(v => "{" + string.Join(",", v.Select((x, i) => $"\"k{i}\":{x}")) + "}");
        return Gen.OneOf(leaf, list, map);
    }

    private static Gen<(string Name, string Json)[]> Members =>
        Value(3).Array[0, 6].Select(values => values.Select((json, i) => ($"n{i}é", json)).ToArray());
}
