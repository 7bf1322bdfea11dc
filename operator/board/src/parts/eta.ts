// When a queue will be empty, in words; why nothing can be said where that is so.
import type { QueueEta } from "../api/types";
import type { Language } from "../state/preferences";
import { count, duration, span } from "../words/format";
import { CATALOGUES } from "../words/index";

/** Empty where nothing waits. */
export function etaText(eta: QueueEta, language: Language): string {
  const said = CATALOGUES[language];
  if (eta.pending === 0) return "";
  if (eta.range) return span(eta.range.p50_seconds, eta.range.p90_seconds, language);
  if (eta.why_none === "NoHistoryYet") return said.noHistoryYet;
  if (eta.eta_minutes === null) return said.noEnd(eta.inflow_rate_1h, eta.done_rate_1h);
  const minutes = duration(Math.ceil(eta.eta_minutes) * 60, language, true);
  return said.unsteady(minutes || count(0, language));
}
