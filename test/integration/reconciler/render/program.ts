import { createMemoryBlobCache } from '../../../../reconciler/desired/cache.ts'
import { errorCode } from '../../../../reconciler/lib/errors.ts'
import { findProgram } from '../../../../reconciler/render/program.ts'

/** Why tests of real renderings cannot run here: the distribution has no kustomize that is new enough. */
export const skip: string | false = await findProgram(createMemoryBlobCache()).then(
  () => false,
  (error: unknown) => `${errorCode(error)}: neither kustomize 5 nor kubectl 1.27 is on the PATH`,
)
