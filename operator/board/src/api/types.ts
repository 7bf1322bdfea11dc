// Short names of the answers that the page draws. The schema is generated from docs/openapi.json:
// a change of the API that the page does not know fails the build.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Board = Schemas["Board"];
export type Headline = Schemas["Headline"];
export type Code = Headline["code"];
export type Args = Headline["args"];
export type Card = Schemas["MachineCard"];
export type StageNumbers = Schemas["StageNumbers"];
export type AttentionRow = Schemas["AttentionRow"];
export type BackgroundRow = Schemas["BackgroundRow"];
export type QueueEta = Schemas["QueueEta"];
export type HourNumbers = Schemas["HourNumbers"];
export type Night = Schemas["Night"];
export type Effects = Schemas["Effects"];
export type Retried = Schemas["OldRetried"];
export type Skipped = Schemas["OldSkipped"];
export type Refused = Schemas["OldRefused"];
export type Me = Schemas["Me"];
export type RunPage = Schemas["RunPage"];
export type StageNode = Schemas["StageNode"];
export type RunList = Schemas["RunList"];
export type RunFact = RunList["runs"][number];
export type BatchList = Schemas["BatchList"];
export type BatchDetail = Schemas["BatchDetail"];
export type BatchRow = BatchList["batches"][number];
export type ScheduleList = Schemas["ScheduleList"];
export type ScheduleDetail = Schemas["ScheduleDetail"];
export type ScheduleRow = Schemas["ScheduleRow"];
export type ScheduleAsked = Schemas["ScheduleAsked"];
export type RunAsked = Schemas["RunAsked"];
export type Reprocessed = Schemas["Reprocessed"];
export type SlotWait = Schemas["SlotWait"];
export type FailedList = Schemas["FailedList"];
