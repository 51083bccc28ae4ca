function(clconv_warnings target)
    if(MSVC)
        target_compile_options(${target} PRIVATE /W4 $<$<BOOL:${CLCONV_WERROR}>:/WX>)
    else()
        target_compile_options(${target} PRIVATE
            -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
            -Wpointer-arith -Wcast-qual -Wvla -Wformat=2
            $<$<BOOL:${CLCONV_WERROR}>:-Werror>)
    endif()
endfunction()
