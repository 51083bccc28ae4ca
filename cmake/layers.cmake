# A layer is an object library whose include path holds only its own headers and those of the
# layers it names, so that an include of anything above fails to compile.
#
#   clconv_layer(conv LAYERS core cl reference SOURCES a.c b.c LIBRARIES OpenCL::OpenCL)
function(clconv_layer name)
    cmake_parse_arguments(LAYER "" "" "LAYERS;SOURCES;LIBRARIES" ${ARGN})
    set(view ${clconv_BINARY_DIR}/layers/${name})
    file(MAKE_DIRECTORY ${view})
    foreach(visible IN LISTS LAYER_LAYERS ITEMS ${name})
        file(CREATE_LINK ${clconv_SOURCE_DIR}/host/${visible} ${view}/${visible}
             COPY_ON_ERROR SYMBOLIC)
    endforeach()

    add_library(clconv_${name} OBJECT ${LAYER_SOURCES})
    target_include_directories(clconv_${name} PRIVATE ${view} ${clconv_SOURCE_DIR}/include)
    target_compile_definitions(clconv_${name} PRIVATE
        CLCONV_BUILDING CLCONV_SHARED CL_TARGET_OPENCL_VERSION=120)
    target_link_libraries(clconv_${name} PRIVATE ${LAYER_LIBRARIES})
    set_target_properties(clconv_${name} PROPERTIES
        C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
        C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON)
    clconv_warnings(clconv_${name})
endfunction()
