using System.Security.Cryptography;
using System.Text;
using FastMlx.Endpoints;

namespace FastMlx.Pages;

/// <summary>
/// GET / : a page for people who come with a browser, a line for programs. The page is one file in the binary; its
/// policy names the hashes of its own style and script, so that nothing else can run in it or be loaded by it.
/// </summary>
internal static class StatusPage
{
    private const string Resource = "pages/status.html";
    private static readonly byte[] Html = Read();
    private static readonly string Policy = PolicyOf(Encoding.UTF8.GetString(Html));

    public static Task ShowAsync(Call call)
    {
        call.Exchange.SetHeader("vary", "accept");
        if (call.Exchange.Header("accept")?.Contains("text/html", StringComparison.OrdinalIgnoreCase) != true)
            return StatusEndpoints.HelloAsync(call);
        call.Exchange.SetHeader("content-security-policy", Policy);
        call.Exchange.SetHeader("x-content-type-options", "nosniff");
        call.Exchange.SetHeader("referrer-policy", "no-referrer");
        call.Exchange.SetHeader("cache-control", "no-cache");
        return call.Exchange.RespondAsync(200, "text/html; charset=utf-8", Html).AsTask();
    }

    internal static string PolicyOf(string html) =>
        $"default-src 'none'; script-src {HashOf(html, "script")}; style-src {HashOf(html, "style")}; "
        + "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static string HashOf(string html, string tag)
    {
        int begin = html.IndexOf($"<{tag}>", StringComparison.Ordinal) + tag.Length + 2;
        int end = html.IndexOf($"</{tag}>", StringComparison.Ordinal);
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(html[begin..end]));
        return $"'sha256-{Convert.ToBase64String(hash)}'";
    }

    private static byte[] Read()
    {
        using Stream stream = typeof(StatusPage).Assembly.GetManifestResourceStream(Resource)!;
        byte[] html = new byte[stream.Length];
        stream.ReadExactly(html);
        return html;
    }
}
