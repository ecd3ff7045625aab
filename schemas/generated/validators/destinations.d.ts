/* Generated from schemas/ by `npm run generate`. Do not edit. */
import type { ValidateFunction } from 'ajv'

export declare const WebhookDestination: ValidateFunction
export declare const SlackDestination: ValidateFunction
export declare const EmailDestination: ValidateFunction
