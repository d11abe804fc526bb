using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using FastMlx.Pages;
using Xunit;

namespace FastMlx.Tests.Cli;

public sealed class StatusPageTests
{
    private static readonly string Html = File.ReadAllText(Path.Combine(Repository.Root, "src/FastMlx/Pages/status.html"));

    [Fact]
    public void Policy_AllowsThePagesOwnScriptAndStyle_AndNothingElse()
    {
        string policy = StatusPage.PolicyOf(Html);
        foreach (string tag in (string[])["script", "style"])
        {
            MatchCollection blocks = Regex.Matches(Html, $"<{tag}>(.*?)</{tag}>", RegexOptions.Singleline);
            Assert.Single(blocks);
            string hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(blocks[0].Groups[1].Value)));
            Assert.Contains($"{tag}-src 'sha256-{hash}'", policy);
        }

        Assert.StartsWith("default-src 'none'", policy);
        Assert.DoesNotContain("unsafe", policy);
    }

    [Fact]
    public void Page_NeedsNothingFromElsewhere_AndNeverWritesHtml()
    {
        Assert.DoesNotMatch("https?://", Html);
        Assert.DoesNotMatch("<link[^>]+stylesheet|<img|<script [^>]*src|@import|style=\"| on[a-z]+=\"", Html);
        // What a request or a model says is text on the page, whatever it holds.
        Assert.DoesNotMatch("innerHTML|outerHTML|insertAdjacentHTML|document\\.write|eval\\(", Html);
    }
}
