/* Generated from schemas/ by `npm run generate`. Do not edit. */
import type { ValidateFunction } from 'ajv'

export declare const Hello: ValidateFunction
export declare const Welcome: ValidateFunction
export declare const Observe: ValidateFunction
export declare const ApplyPlan: ValidateFunction
export declare const Bag: ValidateFunction
export declare const PlanAnswer: ValidateFunction
export declare const StepReport: ValidateFunction
export declare const Command: ValidateFunction
export declare const CommandAnswer: ValidateFunction
export declare const StreamOpen: ValidateFunction
export declare const StreamClose: ValidateFunction
