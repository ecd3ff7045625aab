import type { DriverContext } from '../types.ts'
import type { Commands } from './commands.ts'
import type { NetworkDriverOptions } from './options.ts'
import type { Provider } from './provider.ts'
import type { Records } from './records.ts'
import type { Journal } from './transaction.ts'

/** What the parts of the driver share. */
export type Deps = {
  readonly context: DriverContext
  readonly options: NetworkDriverOptions
  readonly commands: Commands
  readonly records: Records
  readonly journal: Journal
  readonly provider: () => Promise<Provider>
}
