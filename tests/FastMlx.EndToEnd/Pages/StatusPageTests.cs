using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.Json;
using FastMlx.Composition;
using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using FastMlx.Tests;
using Xunit;

namespace FastMlx.EndToEnd.Pages;

/// <summary>The page at / in a real browser. Pictures of it lie in artifacts/pages afterwards, to be looked at.</summary>
public sealed class StatusPageTests
{
    private const string Main = "org/Big-8bit";
    private const string Small = "org/Small-4bit";

    private static string Picture(string name)
    {
        string folder = Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts", "pages")).FullName;
        return Path.Combine(folder, name + ".png");
    }

    [Fact]
    public async Task Chat_AnswersInThePage_LightDarkAndNarrow()
    {
        await using Browser browser = await Browser.StartAsync();
        await using TestServer server = await TestServer.ScriptedAsync(SayScript.Answer);
        await browser.LookAsync(1200, 900, dark: false);
        await browser.OpenAsync(server.Url);
        await browser.UntilAsync("at('state').textContent === 'ready' && at('name').textContent === 'scripted'");
        await AskAsync(browser, SayScript.Say("<b>Hello</b> from the model"));
        await browser.UntilAsync("at('recent').innerText.includes('EndTurn')");
        Assert.Equal(
            "<b>Hello</b> from the model", (await browser.EvaluateAsync("at('log').lastChild.textContent")).GetString());
        Assert.True((await browser.EvaluateAsync("at('house').hidden && at('door').hidden")).GetBoolean());
        await browser.ShootAsync(Picture("light"));
        await browser.LookAsync(1200, 900, dark: true);
        await browser.ShootAsync(Picture("dark"));
        await browser.LookAsync(380, 800, dark: false);
        // Nothing is wider than a telephone, but for tables that scroll by themselves.
        Assert.True((await browser.EvaluateAsync("document.documentElement.scrollWidth <= 380")).GetBoolean());
        await browser.ShootAsync(Picture("narrow"));
    }

    [Fact]
    public async Task RunningPrompt_ShowsItsProgress_AndEscapeStopsIt()
    {
        await using Browser browser = await Browser.StartAsync();
        using var pace = new Pace();
        await using TestServer server = await TestServer.ScriptedAsync(SayScript.Answer, pace: pace);
        await browser.LookAsync(1200, 900, dark: false);
        await browser.OpenAsync(server.Url);
        await browser.UntilAsync("at('state').textContent === 'ready'");
        await AskAsync(browser, string.Join(' ', Enumerable.Repeat("words", 3000)) + SayScript.Say("x"));
        await browser.UntilAsync("at('running').querySelector('progress')");
        pace.Let(2);
        await browser.UntilAsync("at('running').querySelector('progress').value > 0");
        await browser.ShootAsync(Picture("prefill"));
        await browser.EvaluateAsync("document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))");
        await browser.UntilAsync("at('log').lastChild.textContent === 'Stopped.'");
        pace.Open();
        await browser.UntilAsync("at('running').innerText.includes('Nothing')");
    }

    [Fact]
    public async Task SeveralModels_HaveARowEach_AndOneIsChosen()
    {
        await using Browser browser = await Browser.StartAsync();
        var loads = new FakeLoads((Main, 10L << 30), (Small, 2L << 30), ("org/Broken", 1L << 30));
        loads.Failures["org/Broken"] = new LoadException("org/Broken has no chat template.");
        await using TestServer server = TestServer.Several(loads, o => o with { MemoryBytes = 24L << 30 });
        await browser.LookAsync(1200, 900, dark: false);
        await browser.OpenAsync(server.Url);
        await browser.UntilAsync("at('models').rows.length === 3 && at('which').length === 3");
        await browser.EvaluateAsync($"at('which').value = '{Small}'");
        await AskAsync(browser, SayScript.Say("hi"));
        await browser.UntilAsync($"at('log').lastChild.textContent === '{Small}: hi'");
        await browser.EvaluateAsync("at('which').value = 'org/Broken'");
        await AskAsync(browser, "hi");
        await browser.UntilAsync("at('log').lastChild.className === 'error'");
        Assert.Contains(
            "has no chat template", (await browser.EvaluateAsync("at('log').lastChild.textContent")).GetString(),
            StringComparison.Ordinal);
        await browser.UntilAsync("at('models').rows[1].cells[1].textContent === 'ready' && at('models').innerText.includes('cannot be loaded')");
        Assert.Equal("org/Broken", (await browser.EvaluateAsync("at('which').value")).GetString());
        await browser.ShootAsync(Picture("models"));
    }

    [Fact]
    public async Task Key_IsAskedFor_KeptInTheTab_AndNeverInTheAddress()
    {
        await using Browser browser = await Browser.StartAsync();
        string? address = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(n => n.GetIPProperties().UnicastAddresses)
            .Select(a => a.Address)
            .FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork && !System.Net.IPAddress.IsLoopback(a))
            ?.ToString();
        Assert.SkipWhen(address is null, "This machine has no address but loopback, where no key is asked for.");
        await using TestServer server = await TestServer.ScriptedAsync(
            SayScript.Answer, o => o with { Host = "0.0.0.0", ApiKey = "s3cret" });
        await browser.LookAsync(900, 700, dark: false);
        await browser.OpenAsync($"http://{address}:{server.Port}/");
        await browser.UntilAsync("!at('door').hidden && at('form').offsetParent === null");
        await browser.ShootAsync(Picture("key"));
        await GiveAsync(browser, "wrong");
        await browser.UntilAsync("at('why').textContent.startsWith('This is not the key')");
        await GiveAsync(browser, "кл юч");
        await browser.UntilAsync("at('why').textContent.startsWith('That is no key')");
        await GiveAsync(browser, "s3cret");
        await browser.UntilAsync("at('door').hidden && at('state').textContent === 'ready'");
        await AskAsync(browser, SayScript.Say("let in"));
        await browser.UntilAsync("at('log').lastChild.textContent === 'let in'");
        JsonElement where = await browser.EvaluateAsync("location.href + document.cookie + JSON.stringify(localStorage)");
        Assert.DoesNotContain("s3cret", where.GetString(), StringComparison.Ordinal);
        Assert.Equal("s3cret", (await browser.EvaluateAsync("sessionStorage.getItem('fastmlx-key')")).GetString());
        await browser.EvaluateAsync("at('forget').click()");
        await browser.UntilAsync("typeof at === 'function' && !at('door').hidden");
    }

    [Fact]
    public async Task ServerThatIsGone_IsSaid()
    {
        await using Browser browser = await Browser.StartAsync();
        TestServer server = await TestServer.ScriptedAsync(SayScript.Answer);
        await browser.LookAsync(900, 700, dark: true);
        await browser.OpenAsync(server.Url);
        await browser.UntilAsync("at('state').textContent === 'ready'");
        await server.DisposeAsync();
        await browser.UntilAsync("at('state').textContent === 'no answer from the server'");
        await AskAsync(browser, "hello");
        await browser.UntilAsync("at('log').lastChild.textContent === 'No answer from the server.'");
        await browser.ShootAsync(Picture("gone"));
    }

    private static async Task AskAsync(Browser browser, string text)
    {
        await browser.EvaluateAsync($"at('text').value = {JsonSerializer.Serialize(text)}");
        await browser.EvaluateAsync(
            "at('text').dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', cancelable: true, bubbles: true }))");
    }

    private static async Task GiveAsync(Browser browser, string key) =>
        await browser.EvaluateAsync($"at('key').value = '{key}'; at('door-form').requestSubmit()");
}
