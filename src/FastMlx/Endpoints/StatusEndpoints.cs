using System.Text.Json;
using FastMlx.Composition.Models;
using FastMlx.Engine;

namespace FastMlx.Endpoints;

/// <summary>What people and monitors look at: /health, /stats, /metrics, and the pre-connects of clients.</summary>
internal static class StatusEndpoints
{
    private const string PrometheusText = "text/plain; version=0.0.4; charset=utf-8";

    public static Task HelloAsync(Call call) =>
        call.Exchange.RespondAsync(200, "text/plain; charset=utf-8", "FastMlx\n"u8.ToArray()).AsTask();

    /// <summary>
    /// 200 when a request to the main model would be served, if need be after loading it; 503 with the reason when not.
    /// </summary>
    public static async Task HealthAsync(Call call)
    {
        ModelSet models = call.Server.Models;
        EngineHealth? health = models.Look(models.Main).Model?.Generator.Health;
        EngineState state = health?.State ?? EngineState.Ready;
        await call.RespondAsync(state == EngineState.Ready ? 200 : 503, output =>
        {
            using var json = new Utf8JsonWriter(output);
            json.WriteStartObject();
            json.WriteString("status"u8, state == EngineState.Ready ? "ok" : "unavailable");
            json.WriteString("state"u8, state.ToString().ToLowerInvariant());
            if (health?.Reason is { } reason)
                json.WriteString("reason"u8, reason);
            json.WriteString("model"u8, models.Main.Name);
            json.WriteStartObject("models"u8);
            foreach (ServedModel model in models.Models)
                json.WriteString(model.Name, StatsBody.StateOf(models.Look(model)));
            json.WriteEndObject();
            // Where Anthropic's families lead: what a launcher needs.
            json.WriteStartObject("families"u8);
            foreach (string family in ModelNames.Families)
                json.WriteString(family, models.Find(family)!.Name);
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    public static Task StatsAsync(Call call) =>
        call.RespondAsync(200, output => StatsBody.Write(output, call.Server)).AsTask();

    public static async Task MetricsAsync(Call call)
    {
        byte[] text = MetricsBody.Text(call.Server);
        await call.Exchange.RespondAsync(200, PrometheusText, text);
    }
}
