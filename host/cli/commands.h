/* The commands, each in a file of its own. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "common.h"

cli_command_function cli_devices;
cli_command_function cli_run;
cli_command_function cli_filter;
cli_command_function cli_verify;
cli_command_function cli_bench;
cli_command_function cli_report;
cli_command_function cli_cost;
cli_command_function cli_tune;
cli_command_function cli_advise;
cli_command_function cli_first;

#endif
