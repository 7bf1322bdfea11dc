// The words of the language that was chosen.
import { computed } from "@preact/signals";
import { language } from "../state/preferences";
import { en, type Words } from "./en";
import { ko } from "./ko";

export type { Words };
export const CATALOGUES = { en, ko };
export const words = computed<Words>(() => CATALOGUES[language.value]);
