using System.Net;

namespace FastMlx.Hub;

/// <summary>Statuses of the hub → what a person can do about them, in one table.</summary>
internal static class HubStatus
{
    public static void Check(HttpResponseMessage response, ModelName name, string file)
    {
        if (response.IsSuccessStatusCode)
            return;
        int status = (int)response.StatusCode;
        string host = response.RequestMessage?.RequestUri?.Host ?? "the hub";
        if (status is 408 or 425 or 429 or >= 500)
            throw new TransientException($"{host} answered {status}.", retryAfter: RetryAfter(response));
        string? code = response.Headers.TryGetValues("X-Error-Code", out IEnumerable<string>? codes)
            ? codes.FirstOrDefault() : null;
        throw (response.StatusCode, code) switch
        {
            (_, "GatedRepo") => new HubException(HubProblem.NotAllowed,
                $"{name} is gated: accept its conditions on the hub's page, then set HF_TOKEN to a token of yours."),
            (_, "RevisionNotFound") => new HubException(HubProblem.NotFound, $"{name} has no such revision."),
            (HttpStatusCode.Unauthorized, _) => new HubException(HubProblem.NotFound,
                $"{name} does not exist, or it is private. Check the name; for a private model set HF_TOKEN."),
            (HttpStatusCode.Forbidden, _) => new HubException(HubProblem.NotAllowed,
                $"The hub refuses {name} with the token that was given. Check HF_TOKEN and the model's conditions."),
            (HttpStatusCode.NotFound, _) => new HubException(HubProblem.NotFound,
                $"The hub has no {(file.Length == 0 ? name.Text : $"{file} in {name}")}. Check the name."),
            _ => new HubException(HubProblem.Protocol, $"{host} answered {status} for {file} of {name}."),
        };
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter?.Delta;
}
